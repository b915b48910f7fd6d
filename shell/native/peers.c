// Who is at the other end of a socket, and which processes descend from this one.
#ifdef __linux__
#define _GNU_SOURCE // struct ucred
#endif

#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#else
#include <libproc.h>
#include <sys/un.h>
#endif

#ifdef __linux__
// Linux 6.5; the headers of most systems are older.
#if !defined SO_PEERPIDFD && (defined __x86_64__ || defined __aarch64__)
#define SO_PEERPIDFD 77
#endif

// A pid may belong to another process by now. 0: the one that connected is still there, or the kernel is too old to
// tell; -1 with ESRCH: it is gone.
static int check_alive(int fd) {
#ifdef SO_PEERPIDFD
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) != 0) {
        if (errno == ENOPROTOOPT) return 0;
        errno = ESRCH;
        return -1;
    }
    // Readable once the process has ended.
    struct pollfd ended = {.fd = pidfd, .events = POLLIN, .revents = 0};
    int is_ended;
    // A signal that is waiting (the window changes its size) ends it, though it waits for nothing.
    do {
        is_ended = poll(&ended, 1, 0);
    } while (is_ended == -1 && errno == EINTR);
    vs_close(pidfd);
    if (is_ended == 0) return 0;
    errno = ESRCH;
    return -1;
#else
    (void)fd;
    return 0;
#endif
}
#endif

int vs_peer_credentials(int fd, struct vs_credentials *peer) {
#ifdef __linux__
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    if (length != sizeof credentials || credentials.pid <= 0) {
        errno = ENOTCONN; // no peer, or one of another pid namespace
        return -1;
    }
    if (check_alive(fd) != 0) return -1;
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    return 0;
#else
    socklen_t length = sizeof peer->pid;
    if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &peer->pid, &length) != 0) return -1;
    return getpeereid(fd, &peer->uid, &peer->gid);
#endif
}

#ifdef __linux__
// "pid (name) state ppid ...": the name may hold anything, also blanks and brackets.
static int parent_in(char *stat) {
    char *end = strrchr(stat, ')');
    if (end == NULL || strlen(end) < 5) return -1;
    char *rest = NULL;
    const long parent = strtol(end + 4, &rest, 10);
    return rest == end + 4 || parent < 0 ? -1 : (int)parent;
}
#endif

int vs_parent_of(pid_t pid) {
#ifdef __linux__
    char text[512];
    (void)snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
    const int fd = open(text, O_RDONLY | O_CLOEXEC);
    // Whatever the reason, also a /proc that hides it: nothing is known of such a process.
    ssize_t got = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
    if (fd != -1) vs_close(fd);
    if (got > 0) {
        text[got] = '\0';
        const int parent = parent_in(text);
        if (parent >= 0) return parent;
    }
    errno = ESRCH;
    return -1;
#else
    struct proc_bsdinfo info;
    if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) == (int)sizeof info) return (int)info.pbi_ppid;
    errno = ESRCH;
    return -1;
#endif
}

int vs_set_subreaper(int on) {
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)on, 0, 0, 0);
#else
    (void)on; // orphans go to launchd, and are of no session any more
    return 0;
#endif
}

int vs_reap_adopted(const int *spared, size_t count, int *status) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD ? 0 : -1;
    if (info.si_pid <= 0) return 0;
    for (size_t i = 0; i < count; i++) {
        if (spared[i] == (int)info.si_pid) {
            errno = EAGAIN;
            return -1;
        }
    }
    const pid_t pid = waitpid(info.si_pid, status, WNOHANG);
    return pid < 0 && errno == ECHILD ? 0 : (int)pid;
}
