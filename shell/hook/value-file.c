#define _GNU_SOURCE
#include "value-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"

void vs_close_value_file(int *file) {
    const int saved = errno;
    if (*file != -1) close(*file);
    *file = -1;
    errno = saved;
}

#if defined(__linux__) && defined(SYS_memfd_create)

// Named here: older C libraries than the kernel have none of these.
#define CLOSE_ON_EXEC 1u
#define ALLOW_SEALING 2u
#define NOT_EXECUTABLE 8u
#define ADD_SEALS 1033
#define GET_SEALS 1034
#define SEALS 0x0f // seal, shrink, grow, write
// Of files that are told from others' by it.
#define FILE_NAME "vault-shell-value"
// As many descriptors from VS_FIRST_FILE on are looked at for files of values.
#define MOST_FILES 256

static int make_memory_file(void) {
    const unsigned flags = CLOSE_ON_EXEC | ALLOW_SEALING;
    // A kernel before 6.3 does not know the flag; a later one may insist on it (vm.memfd_noexec).
    const long file = syscall(SYS_memfd_create, FILE_NAME, flags | NOT_EXECUTABLE);
    if (file != -1 || errno != EINVAL) return (int)file;
    return (int)syscall(SYS_memfd_create, FILE_NAME, flags);
}

static bool write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        const ssize_t written = write(file, bytes, length);
        if (written == -1 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

// /proc may not be there, or not show descriptors: then the path would mean nothing to the program.
static bool has_path(int file) {
    char path[64];
    return access(vs_path_at(path, sizeof path, file, ""), R_OK) == 0;
}

int vs_make_value_file(const char *value, size_t length) {
    int low = make_memory_file();
    if (low == -1) return -1;
    int file = vs_copy_value_file(low);
    vs_close_value_file(&low);
    if (file == -1) return -1;
    // ssh takes no key that others may read.
    if (fchmod(file, S_IRUSR) == 0 && write_all(file, value, length) &&
        fcntl(file, ADD_SEALS, SEALS) == 0 && has_path(file)) {
        return file;
    }
    vs_close_value_file(&file);
    return -1;
}

int vs_copy_value_file(int file) {
    return fcntl(file, F_DUPFD_CLOEXEC, VS_FIRST_FILE);
}

bool vs_hand_over_value_file(int file) {
    return fcntl(file, F_SETFD, 0) == 0;
}

static bool is_value_file(int fd) {
    const int seals = fcntl(fd, GET_SEALS);
    if (seals == -1 || (seals & SEALS) != SEALS) return false;
    static const char TARGET[] = "/memfd:" FILE_NAME " ";
    char path[64], target[sizeof TARGET];
    const ssize_t got = readlink(vs_path_at(path, sizeof path, fd, ""), target, sizeof target);
    return got >= (ssize_t)sizeof TARGET - 1 && memcmp(target, TARGET, sizeof TARGET - 1) == 0;
}

int vs_close_all(unsigned first, unsigned last, vs_close_range_function *real) {
    const int saved = errno;
    const unsigned end = VS_FIRST_FILE + MOST_FILES;
    for (unsigned fd = first > VS_FIRST_FILE ? first : VS_FIRST_FILE; fd < end && fd <= last; fd++) {
        if (!is_value_file((int)fd)) continue;
        if (first < fd && real(first, fd - 1, 0) != 0) return -1;
        first = fd + 1;
    }
    errno = saved;
    return first > last ? 0 : real(first, last, 0);
}

#else

int vs_make_value_file(const char *value, size_t length) {
    (void)value;
    (void)length;
    errno = ENOSYS;
    return -1;
}

int vs_copy_value_file(int file) {
    (void)file;
    errno = ENOSYS;
    return -1;
}

bool vs_hand_over_value_file(int file) {
    (void)file;
    errno = ENOSYS;
    return false;
}

int vs_close_all(unsigned first, unsigned last, vs_close_range_function *real) {
    return real(first, last, 0);
}

#endif
