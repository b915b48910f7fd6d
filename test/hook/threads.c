// One thread spawns programs that read the file its argument names, another spawns programs that look for
// descriptors they should not have; tells what they saw.
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

static void *look(void *unused) {
    char script[] = "readlink /proc/self/fd/* | grep -q memfd";
    char *argv[] = {"/bin/sh", "-c", script, NULL};
    while (!done) {
        if (run(argv) == 0) leaked++;
    }
    return unused;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    pthread_t thread;
    pthread_create(&thread, NULL, look, NULL);
    int read = 0, kept = 0;
    char *reader[] = {"/usr/bin/wc", "-c", argv[1], NULL};
    if (freopen("/dev/null", "r", stdin) == NULL) return 2;
    const int out = dup(1);
    if (freopen("/dev/null", "w", stdout) == NULL) return 2;
    for (int i = 0; i < 20; i++) {
        if (run(reader) == 0) read++;
    }
    done = true;
    pthread_join(thread, NULL);
    for (int fd = 100; fd < 200; fd++) {
        char path[32], target[32] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0 && strncmp(target, "/memfd", 6) == 0) kept++;
    }
    dprintf(out, "read %d, leaked %d, kept %d\n", read, (int)leaked, kept);
    return 0;
}
