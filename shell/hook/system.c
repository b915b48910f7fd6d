#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "state.h"
#include "watch.h"

// While any thread is in system(), SIGINT and SIGQUIT are for the command alone.
static pthread_mutex_t system_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned system_users;
static struct sigaction system_interrupt, system_quit;

static void enter_system(void) {
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    pthread_mutex_lock(&system_lock);
    if (system_users++ == 0) {
        sigaction(SIGINT, &ignore, &system_interrupt);
        sigaction(SIGQUIT, &ignore, &system_quit);
    }
    pthread_mutex_unlock(&system_lock);
}

static void leave_system(void) {
    pthread_mutex_lock(&system_lock);
    if (--system_users == 0) {
        sigaction(SIGINT, &system_interrupt, NULL);
        sigaction(SIGQUIT, &system_quit, NULL);
    }
    pthread_mutex_unlock(&system_lock);
}

static int run_command(const char *command, const sigset_t *mask, vs_spawn_shell_function *spawn_shell,
                       vs_waitpid_function *real_waitpid) {
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    if (system_interrupt.sa_handler != SIG_IGN) sigaddset(&defaults, SIGINT);
    if (system_quit.sa_handler != SIG_IGN) sigaddset(&defaults, SIGQUIT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, mask);
    char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                          (char *)(uintptr_t)command, NULL};
    pid_t child, got;
    int status = -1;
    const int error = spawn_shell(&child, &attributes, argv);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        errno = error;
        // As if the shell had ended with 127, unless there was no process to be had at all.
        return error == EAGAIN || error == ENOMEM ? -1 : 127 << 8;
    }
    do {
        got = real_waitpid(child, &status, 0);
    } while (got == -1 && errno == EINTR);
    if (got != child) return -1;
    vs_saw_end(vs_state(), child, status);
    return status;
}

int vs_system(const char *command, vs_spawn_shell_function *spawn_shell, vs_waitpid_function *real_waitpid) {
    if (command == NULL) return access("/bin/sh", X_OK) == 0;
    sigset_t child_only, mask;
    sigemptyset(&child_only);
    sigaddset(&child_only, SIGCHLD);
    enter_system();
    // Per thread on Linux, as pthread_sigmask, whose place in the C library changed.
    sigprocmask(SIG_BLOCK, &child_only, &mask);
    const int status = run_command(command, &mask, spawn_shell, real_waitpid);
    const int saved = errno;
    leave_system();
    sigprocmask(SIG_SETMASK, &mask, NULL);
    errno = saved;
    return status;
}
