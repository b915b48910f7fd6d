#define _GNU_SOURCE
#include "store.h"

#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "node.h"

// `DESCRIPTOR:PID`; no program of a session sees it.
#define TOLD "VAULT_SHELL_STORE"
// As in src/vault/child-channel.ts.
#define CHANNEL_FD 3

static int close_above(int last) {
#ifdef SYS_close_range
    return (int)syscall(SYS_close_range, (unsigned)last + 1, ~0U, 0);
#else
    (void)last;
    return -1;
#endif
}

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) (void)signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

// Like src/vault/child-process.ts: a session of its own, nothing open, no environment.
static _Noreturn void become_store(char *script, int socket) {
    reset_signals();
    (void)setsid();
    const int nothing = open("/dev/null", O_RDWR);
    // Above the descriptors that it is to have, wherever it was.
    const int moved = fcntl(socket, F_DUPFD, CHANNEL_FD + 1);
    if (nothing == -1 || moved == -1 || chdir("/") != 0) _exit(1);
    for (int fd = 0; fd < CHANNEL_FD; fd++) {
        if (dup2(nothing, fd) == -1) _exit(1);
    }
    if (dup2(moved, CHANNEL_FD) == -1 || close_above(CHANNEL_FD) != 0) _exit(1);
    static char name[] = "node";
    char *words[] = {name, script, NULL};
    char *environment[] = {NULL};
    vs_become_node(words, environment);
    _exit(1);
}

void vs_start_store(const struct vs_place *place) {
    static char script[PATH_MAX];
    const int length = snprintf(script, sizeof script, "%s/../bundle/vault/child-main.js", place->directory);
    int ends[2];
    if (length < 0 || (size_t)length >= sizeof script || access(script, R_OK) != 0) return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
    const pid_t pid = fork();
    if (pid == 0) become_store(script, ends[1]);
    close(ends[1]);
    char told[32];
    (void)snprintf(told, sizeof told, "%d:%d", ends[0], (int)pid);
    if (pid == -1 || fcntl(ends[0], F_SETFD, 0) == -1 || setenv(TOLD, told, 1) != 0) close(ends[0]);
}

#else

void vs_start_store(const struct vs_place *place) {
    (void)place;
}

#endif
