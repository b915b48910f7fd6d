// One thread spawns programs that read the file its argument names, others spawn this program to look for descriptors that
// it should not have; tells what they saw.
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static atomic_bool done;
static atomic_int leaked;

static int run(char **argv) {
    pid_t child;
    int status;
    if (posix_spawn(&child, argv[0], NULL, NULL, argv, environ) != 0) return -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int count_files(void) {
    int count = 0;
    for (int fd = 3; fd < 200; fd++) {
        char path[32], target[32] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0 && strncmp(target, "/memfd", 6) == 0) count++;
    }
    return count;
}

static void *look(void *self) {
    char *argv[] = {self, NULL};
    while (!done) {
        if (run(argv) != 0) leaked++;
    }
    return NULL;
}

// Many, for the files are there only while each of them is started.
#define READS 200
#define LOOKERS 3

int main(int argc, char **argv) {
    if (argc != 2) return count_files();
    pthread_t threads[LOOKERS];
    for (int i = 0; i < LOOKERS; i++) pthread_create(&threads[i], NULL, look, argv[0]);
    int read = 0;
    char *reader[] = {"/usr/bin/wc", "-c", argv[1], NULL};
    if (freopen("/dev/null", "r", stdin) == NULL) return 2;
    const int out = dup(1);
    if (freopen("/dev/null", "w", stdout) == NULL) return 2;
    for (int i = 0; i < READS; i++) {
        if (run(reader) == 0) read++;
    }
    done = true;
    for (int i = 0; i < LOOKERS; i++) pthread_join(threads[i], NULL);
    dprintf(out, "read %d, leaked %d, kept %d\n", read, (int)leaked, count_files());
    return 0;
}
