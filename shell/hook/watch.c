#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "protocol.h"

// Reading a mapped page of a file that was cut short is a SIGBUS: the whole length must be there.
__attribute__((noinline)) static unsigned char *map_watch_file(const struct vs_state *state) {
    char path[PATH_MAX];
    if (!vs_path_beside(path, state, "watch")) return NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd == -1) return NULL;
    void *map = MAP_FAILED;
    if (lseek(fd, 0, SEEK_END) >= VS_WATCH_BYTES) {
        map = mmap(NULL, VS_WATCH_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    }
    close(fd);
    return map == MAP_FAILED ? NULL : map;
}

// Mapped by the first reap and kept. Two threads (or a signal handler) may be first at the same time.
static const unsigned char *watch_file(const struct vs_state *state) {
    static unsigned char *mapped;
    unsigned char *known = __atomic_load_n(&mapped, __ATOMIC_ACQUIRE);
    if (known != NULL) return known;
    unsigned char *fresh = map_watch_file(state);
    if (fresh == NULL) return NULL;
    if (__atomic_compare_exchange_n(&mapped, &known, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return fresh;
    }
    munmap(fresh, VS_WATCH_BYTES);
    return known;
}

void vs_saw_end(const struct vs_state *state, pid_t pid, int status) {
    if (state == NULL || pid <= 0 || !(WIFEXITED(status) || WIFSIGNALED(status))) return;
    const int saved = errno;
    const unsigned char *watch = watch_file(state);
    if (watch != NULL) {
        const unsigned bit = (unsigned)pid % VS_WATCH_BITS;
        const unsigned char byte = __atomic_load_n(&watch[bit / 8], __ATOMIC_ACQUIRE);
        if ((byte >> (bit % 8) & 1) != 0) vs_report_reaped(state, (int)pid, status);
    }
    errno = saved;
}
