// Starts a program in the way its first argument names: `probe WAY PROGRAM ARGS...`. The tests of the
// hook use it for the calls that no everyday program makes in the same way on every machine.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char **child_argv;

static int report(void) {
    fprintf(stderr, "probe: %s\n", strerrorname_np(errno));
    return errno == ENOENT ? 127 : 126;
}

// Forks as fast as it can while the other thread spawns. Each child stays, with what memory it was given, until its
// parent has ended.
static int stop_forking;

static void *keep_forking(void *unused) {
    (void)unused;
    int ends[2];
    if (pipe(ends) != 0) return NULL;
    for (int forks = 0; forks < 1500 && !__atomic_load_n(&stop_forking, __ATOMIC_ACQUIRE); forks++) {
        if (fork() != 0) continue;
        char byte;
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    return NULL;
}

static int exec_in_child(void *unused) {
    (void)unused;
    execve(child_argv[0], child_argv, environ);
    return 126;
}

static int ended(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reaps in the way that the name says.
static int reap(const char *way, pid_t pid) {
    int status = 0;
    struct rusage usage;
    siginfo_t info;
    if (strcmp(way, "wait") == 0) wait(&status);
    else if (strcmp(way, "wait3") == 0) wait3(&status, 0, &usage);
    else if (strcmp(way, "wait4") == 0) wait4(pid, &status, 0, &usage);
    else if (strcmp(way, "waitid") == 0) {
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
        waitid(P_PID, (id_t)pid, &info, WEXITED);
        return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    } else if (strcmp(way, "waitpid-null") == 0) {
        waitpid(pid, NULL, 0);
        return 0;
    } else waitpid(pid, &status, 0);
    return ended(status);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const char *way = argv[1], *program = argv[2];
    char **args = argv + 2;
    const char *a = argc > 3 ? args[1] : NULL, *b = argc > 4 ? args[2] : NULL;
    pid_t pid = 0;
    child_argv = args;
    if (strcmp(way, "execve") == 0) execve(program, args, environ);
    else if (strcmp(way, "execv") == 0) execv(program, args);
    else if (strcmp(way, "execvp") == 0) execvp(program, args);
    else if (strcmp(way, "execvpe") == 0) execvpe(program, args, environ);
    else if (strcmp(way, "execl") == 0) execl(program, program, a, b, (char *)NULL);
    else if (strcmp(way, "execlp") == 0) execlp(program, program, a, b, (char *)NULL);
    else if (strcmp(way, "execle") == 0) {
        static char variable[512] = "T=";
        const char *given = getenv("T");
        if (given != NULL) strncat(variable, given, sizeof variable - 3);
        char *const own[] = {"ONLY=this", variable, NULL};
        // The list ends at its first NULL, and behind that is the environment.
        if (b == NULL) execle(program, program, a, (char *)NULL, own);
        else execle(program, program, a, b, (char *)NULL, own);
    } else if (strcmp(way, "execl-many") == 0) {
#define TEN "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"
#define HUNDRED TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN
        execl(program, program, HUNDRED, HUNDRED, HUNDRED, a, (char *)NULL);
    } else if (strcmp(way, "fexecve") == 0) fexecve(open(program, O_RDONLY | O_CLOEXEC), args, environ);
    else if (strcmp(way, "execveat") == 0) {
        char *slash = strrchr(args[0], '/');
        *slash = '\0';
        const int directory = open(slash == args[0] ? "/" : args[0], O_PATH | O_DIRECTORY);
        *slash = '/';
        execveat(directory, slash + 1, args, environ, 0);
    } else if (strcmp(way, "execveat-fd") == 0) {
        execveat(open(program, O_PATH), "", args, environ, AT_EMPTY_PATH);
    } else if (strcmp(way, "no-environment") == 0) execve(program, args, NULL);
    else if (strcmp(way, "cleared") == 0) {
        clearenv();
        execv(program, args);
    } else if (strcmp(way, "posix_spawn") == 0 || strcmp(way, "posix_spawnp") == 0) {
        const int error = (way[11] == 'p' ? posix_spawnp : posix_spawn)(&pid, program, NULL, NULL, args, environ);
        if (error == 0) return reap("waitpid", pid);
        errno = error;
    } else if (strcmp(way, "spawn-actions") == 0 || strcmp(way, "spawn-clash") == 0) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        for (int i = 0; i < 10; i++) posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        // Whatever number a file of a value may have.
        for (int i = 100; way[6] == 'c' && i < 110; i++) posix_spawn_file_actions_adddup2(&actions, 0, i);
        const int error = posix_spawn(&pid, program, &actions, NULL, args, environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error == 0) return reap("waitpid", pid);
        errno = error;
    } else if (strcmp(way, "system") == 0) {
        const int status = system(program);
        return status == -1 ? report() : ended(status);
    } else if (strcmp(way, "fork-meanwhile") == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, keep_forking, NULL) != 0) return 1;
        for (int spawns = 0; spawns < 20; spawns++) {
            if (posix_spawn(&pid, program, NULL, NULL, args, environ) == 0) waitpid(pid, NULL, 0);
        }
        __atomic_store_n(&stop_forking, 1, __ATOMIC_RELEASE);
        pthread_join(thread, NULL);
        puts("ready");
        fflush(stdout);
        getchar();
        return 0;
    } else if (strcmp(way, "popen") == 0) {
        FILE *stream = popen(program, "w");
        return stream == NULL ? report() : ended(pclose(stream));
    } else if (strcmp(way, "syscall") == 0) {
        syscall(SYS_execve, program, args, environ);
    } else if (strcmp(way, "vfork") == 0) {
        pid = vfork();
        if (pid == 0) {
            execv(program, args);
            _exit(126);
        }
        return reap("waitpid", pid);
    } else if (strcmp(way, "bare-fork") == 0) {
        // A fork that no handler hears of: the child has a memory of its own all the same.
        pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) _exit(exec_in_child(NULL));
        return reap("waitpid", pid);
    } else if (strcmp(way, "shared-memory") == 0) {
        static char stack[1 << 18] __attribute__((aligned(16)));
        pid = clone(exec_in_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
        return reap("waitpid", pid);
    } else {
        // Any other way is a way to wait.
        pid = fork();
        if (pid == 0) {
            execv(program, args);
            _exit(126);
        }
        return reap(way, pid);
    }
    return report();
}
