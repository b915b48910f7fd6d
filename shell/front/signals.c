#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MAX_SIGNALS 16

static int ends[2] = {-1, -1};
static struct {
    int number;
    struct sigaction before;
} caught[MAX_SIGNALS];
static int caught_count;
static sigset_t mask_before;

static void note(int number) {
    const int saved = errno;
    const unsigned char byte = (unsigned char)number;
    // Full: so many wait that one more tells nothing new.
    const ssize_t written = write(ends[1], &byte, 1);
    (void)written;
    errno = saved;
}

static void set(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART | (number == SIGCHLD ? SA_NOCLDSTOP : 0);
    caught[caught_count].number = number;
    if (sigaction(number, &action, &caught[caught_count].before) == 0) caught_count++;
}

bool vs_catch_signals(const int *numbers) {
    if (pipe(ends) != 0) return false;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    set(SIGPIPE, SIG_IGN);
    // If SIGCHLD is ignored or blocked, as some start their programs, children would end unnoticed.
    set(SIGCHLD, note);
    sigset_t needed;
    sigemptyset(&needed);
    sigaddset(&needed, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &needed, &mask_before);
    for (; *numbers != 0 && caught_count < MAX_SIGNALS; numbers++) {
        struct sigaction now;
        if (sigaction(*numbers, NULL, &now) == 0 && now.sa_handler != SIG_IGN) set(*numbers, note);
    }
    return true;
}

int vs_signal_fd(void) {
    return ends[0];
}

int vs_next_signal(void) {
    unsigned char byte;
    return read(ends[0], &byte, 1) == 1 ? byte : 0;
}

void vs_block_signals(void) {
    sigset_t all;
    sigfillset(&all);
    sigset_t now;
    sigprocmask(SIG_SETMASK, &all, &now);
}

void vs_unblock_signals(void) {
    sigset_t mask = mask_before;
    sigdelset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

void vs_restore_signals(void) {
    for (int i = 0; i < caught_count; i++) sigaction(caught[i].number, &caught[i].before, NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

bool vs_is_in_front(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (tcgetpgrp(fd) == getpgrp()) return true;
    }
    return false;
}
