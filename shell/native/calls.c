#ifdef __linux__
#define _GNU_SOURCE // pipe2, ptsname_r
#endif

#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/xattr.h>
#endif

int vs_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) return -1;
    if (vs_set_close_on_exec(ends[0]) == 0 && vs_set_close_on_exec(ends[1]) == 0) return 0;
    int saved = errno;
    vs_close(ends[0]);
    vs_close(ends[1]);
    errno = saved;
    return -1;
#endif
}

void vs_close(int fd) {
    (void)close(fd); // never repeated after EINTR: Linux has closed it by then
}

// Modes change now, without waiting for output: that would be to wait for a writer who waits for a reader, and
// the reader is us. (Linux processes output when it is written, so nothing written before looks different.)

int vs_set_raw(int fd) {
    struct termios modes;
    if (tcgetattr(fd, &modes) != 0) return -1;
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    int status;
    do {
        status = tcsetattr(fd, TCSANOW, &modes);
    } while (status != 0 && errno == EINTR);
    return status;
}

// SIGTTOU is blocked meanwhile, so that a process on its way out is not stopped with the terminal still raw.
int vs_set_terminal(int fd, const struct termios *modes) {
    sigset_t block;
    sigset_t before;
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    int failed = pthread_sigmask(SIG_BLOCK, &block, &before);
    if (failed != 0) {
        errno = failed;
        return -1;
    }
    int status;
    do {
        status = tcsetattr(fd, TCSANOW, modes);
    } while (status != 0 && errno == EINTR);
    int saved = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return status;
}

int vs_set_close_on_exec(int fd) {
    int flags = fcntl(fd, F_GETFD);
    if (flags == -1) return -1;
    return fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == -1 ? -1 : 0;
}

int vs_disable_core_dumps(void) {
    // Only the soft limit: children inherit it, and who wants a core file can still ask for one.
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return -1;
    limit.rlim_cur = 0;
    if (setrlimit(RLIMIT_CORE, &limit) != 0) return -1;
#ifdef __linux__
    // Also keeps other processes of the user from tracing this one and from reading its memory.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
#endif
    return 0;
}

int vs_window_size(int fd, unsigned short *columns, unsigned short *rows) {
    struct winsize size;
    memset(&size, 0, sizeof size);
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) return -1;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}

int vs_signal_keys(int fd, unsigned char keys[3]) {
    struct termios modes;
    if (tcgetattr(fd, &modes) != 0) return -1;
    if ((modes.c_lflag & ISIG) == 0 || (modes.c_lflag & NOFLSH) != 0) return 0;
    const int names[] = {VINTR, VQUIT, VSUSP};
    int count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (modes.c_cc[names[i]] != _POSIX_VDISABLE) keys[count++] = modes.c_cc[names[i]];
    }
    return count;
}

int vs_discard_typed(int master, int peer) {
    // What is on its way to the line discipline, then what that holds.
    return tcflush(master, TCOFLUSH) == 0 && tcflush(peer, TCIFLUSH) == 0 ? 0 : -1;
}

// Opens the slave of a PTY master, close-on-exec and not as a controlling terminal.
int vs_open_peer(int fd) {
    const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
#ifdef TIOCGPTPEER
    // By the master itself: a path could mean the PTY of another devpts instance (containers).
    int peer = ioctl(fd, TIOCGPTPEER, flags);
    if (peer >= 0 || (errno != EINVAL && errno != ENOTTY)) return peer;
#endif
#ifdef __linux__
    char name[64];
    int failed = ptsname_r(fd, name, sizeof name);
    if (failed != 0) {
        errno = failed;
        return -1;
    }
    return open(name, flags);
#else
    const char *name = ptsname(fd);
    return name == NULL ? -1 : open(name, flags);
#endif
}

int vs_foreground_group(int fd) {
    return (int)tcgetpgrp(fd);
}

// Reads once from a descriptor that never waits; 0 also at the end, and where a read fails: the next one will tell.
size_t vs_read_now(int fd, char *buffer, size_t room) {
    ssize_t got;
    do {
        got = read(fd, buffer, room);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Writes to a descriptor that never waits, and waits for it `patience_ms` at most; gives how much it took. A signal
// ends the waiting. -1: it failed before it took anything.
ssize_t vs_write_within(int fd, const char *bytes, size_t length, int patience_ms) {
    size_t total = 0;
    long deadline = 0;
    while (total < length) {
        ssize_t put = write(fd, bytes + total, length - total);
        if (put >= 0) {
            total += (size_t)put;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return total > 0 ? (ssize_t)total : -1;
        if (deadline == 0) deadline = now_ms() + patience_ms;
        const long left = deadline - now_ms();
        struct pollfd wanted = {.fd = fd, .events = POLLOUT, .revents = 0};
        if (left <= 0 || poll(&wanted, 1, (int)left) <= 0) break;
    }
    return (ssize_t)total;
}

int vs_become(const char *file, char *const *argv) {
    // Node ignores these, and what is ignored stays so.
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGXFSZ, SIG_DFL);
    // Node has made them close-on-exec, as all that it inherits.
    for (int fd = 0; fd < 3; fd++) {
        const int flags = fcntl(fd, F_GETFD);
        if (flags != -1) (void)fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
    }
    return execv(file, argv);
}

int vs_gains_capabilities(int fd) {
#ifdef __linux__
    // To root the loader makes no difference.
    return geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0 ? 1 : 0;
#else
    (void)fd;
    return 0;
#endif
}

int vs_own_group(void) {
    return (int)getpgrp();
}

// Whether one of 8 bytes is a control: (x - 0x20) borrows in such a byte only, and its own top bit is clear.
static bool has_control(const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    return ((word - ones * 0x20) & ~word & tops) != 0;
}

size_t vs_find_mode(const unsigned char *bytes, size_t from, size_t length) {
    size_t at = from;
    while (at < length) {
        if (length - at >= 8 && !has_control(bytes + at)) {
            at += 8;
            continue;
        }
        const unsigned char byte = bytes[at];
        if (byte == 0x0e || byte == 0x0f) return at;
        if (byte != 0x1b) {
            at++;
            continue;
        }
        size_t end = at + 1;
        if (end >= length || bytes[end] != '[') return at;
        end++;
        while (end < length && bytes[end] >= '0' && bytes[end] <= ';') end++;
        if (end >= length || !((bytes[end] >= 'A' && bytes[end] <= 'K') || bytes[end] == 'm')) return at;
        at = end + 1;
    }
    return length;
}
