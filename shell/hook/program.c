#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Shells never hold a value; launchers exec something else, which is the one to get it. vault-shell is both.
// No pointers: each would be one more place for the loader to fill in.
static const char PASS_THROUGH[][sizeof "vault-shell"] = {
    "sh",   "bash", "dash",   "zsh",  "ksh",     "ksh93",  "mksh",   "fish", "ash",
    "rbash", "env", "nohup",  "nice", "ionice",  "timeout", "stdbuf", "setsid", "time", "xargs",
    "vault-shell", "vault-bash", "vault-zsh", "vault-sh",
};

// As many bytes as the kernel reads of a program to tell what it is (BINPRM_BUF_SIZE).
#define HEAD_BYTES 256
// Scripts run by scripts: the kernel gives up after five.
#define MAX_INTERPRETERS 5
// As the kernel's own limit on a chain of symbolic links.
#define MAX_LINKS 40

bool vs_is_pass_through_name(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof PASS_THROUGH / sizeof *PASS_THROUGH; i++) {
        if (strlen(PASS_THROUGH[i]) == length && memcmp(PASS_THROUGH[i], name, length) == 0) return true;
    }
    return false;
}

static bool look_at(const char *path, struct stat *status) {
#if defined(__linux__) && defined(SYS_newfstatat)
    // The libc function has a version younger than the oldest libc we load on.
    return syscall(SYS_newfstatat, AT_FDCWD, path, status, 0) == 0;
#else
    return stat(path, status) == 0;
#endif
}

static bool is_runnable(const char *path) {
    struct stat status;
    if (!look_at(path, &status)) return false;
    if (!S_ISREG(status.st_mode)) {
        errno = EACCES;
        return false;
    }
    return access(path, X_OK) == 0;
}

static bool has_pass_through_name(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    return vs_is_pass_through_name(name, strlen(name));
}

// True if the path, or what it links to in the end or on the way, has the name of a pass-through program.
// Only the links of the last component matter: the others cannot change the name.
static bool leads_to_pass_through(const char *path) {
    char current[PATH_MAX], target[PATH_MAX];
    const size_t length = strlen(path);
    if (length >= sizeof current) return false;
    memcpy(current, path, length + 1);
    for (int links = 0; links < MAX_LINKS; links++) {
        if (has_pass_through_name(current)) return true;
        const ssize_t got = readlink(current, target, sizeof target - 1);
        if (got <= 0) return false;
        target[got] = '\0';
        char *slash = strrchr(current, '/');
        size_t keep = target[0] == '/' || slash == NULL ? 0 : (size_t)(slash - current) + 1;
        if (keep + (size_t)got >= sizeof current) return false;
        memcpy(current + keep, target, (size_t)got + 1);
    }
    return false;
}

// -1: cannot be read.
static ssize_t read_head(const char *path, char *head) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd == -1) return -1;
    ssize_t got;
    do {
        got = read(fd, head, HEAD_BYTES);
    } while (got == -1 && errno == EINTR);
    close(fd);
    return got;
}

const char *vs_interpreter(char *head, size_t length) {
    size_t start = 2;
    while (start < length && (head[start] == ' ' || head[start] == '\t')) start++;
    size_t end = start;
    while (end < length && head[end] != ' ' && head[end] != '\t' && head[end] != '\n' &&
           head[end] != '\0') {
        end++;
    }
    // No end of the name in sight: the kernel would not run a cut-off name either.
    if (end == start || end == HEAD_BYTES) return NULL;
    head[end] = '\0';
    return head + start;
}

static enum vs_program classify(const char *path, int depth) {
    if (leads_to_pass_through(path)) return VS_PASS_THROUGH;
    char head[HEAD_BYTES + 1];
    const ssize_t got = read_head(path, head);
    // What may be run but not read is no script.
    if (got == -1) return VS_TARGET;
    const size_t length = (size_t)got;
    if (length >= 4 && memcmp(head, "\177ELF", 4) == 0) return VS_TARGET;
    if (length < 2 || memcmp(head, "#!", 2) != 0) return VS_PASS_THROUGH;
    const char *interpreter = vs_interpreter(head, length);
    if (interpreter == NULL || depth == 0) return VS_PASS_THROUGH;
    return classify(interpreter, depth - 1);
}

enum vs_program vs_classify(const char *path) {
    if (!is_runnable(path)) return VS_NOT_RUNNABLE;
    return classify(path, MAX_INTERPRETERS);
}

bool vs_is_pass_through_applet(const char *path, char *const *argv) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (strcmp(name, "busybox") != 0 && strcmp(name, "toybox") != 0) return false;
    const char *applet = argv != NULL && argv[0] != NULL ? argv[1] : NULL;
    return applet != NULL && vs_is_pass_through_name(applet, strlen(applet));
}

bool vs_runs_vault_shell(const char *library, char *const *argv) {
    static const char MAIN[] = "/../src/cli/main.js";
    size_t script = 1;
    if (argv == NULL || argv[0] == NULL) return false;
    while (argv[script] != NULL && argv[script][0] == '-') script++;
    if (argv[script] == NULL) return false;
    char path[PATH_MAX];
    struct stat ours, given;
    // It may be a link in the session's own directory.
    char *slash = realpath(library, path) == NULL ? NULL : strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + sizeof MAIN > sizeof path) return false;
    memcpy(slash, MAIN, sizeof MAIN);
    return look_at(path, &ours) && look_at(argv[script], &given) && ours.st_dev == given.st_dev &&
           ours.st_ino == given.st_ino;
}

bool vs_find_program(const char *file, char *path) {
    const size_t length = strlen(file);
    if (length == 0) {
        errno = ENOENT;
        return false;
    }
    if (strchr(file, '/') != NULL) {
        if (length >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return false;
        }
        memcpy(path, file, length + 1);
        return true;
    }
    const char *list = getenv("PATH");
    // The default of execvp, without the working directory that old systems put first.
    if (list == NULL) list = "/bin:/usr/bin";
    bool denied = false;
    for (;;) {
        const size_t part = strcspn(list, ":");
        if (part + 1 + length < PATH_MAX) {
            memcpy(path, list, part);
            // An empty part means the working directory.
            size_t at = part;
            if (part > 0) path[at++] = '/';
            memcpy(path + at, file, length + 1);
            if (is_runnable(path)) return true;
            if (errno == EACCES) denied = true;
        }
        if (list[part] == '\0') break;
        list += part + 1;
    }
    errno = denied ? EACCES : ENOENT;
    return false;
}

const char *vs_path_at(char *buffer, size_t room, int fd, const char *path) {
    if (path == NULL || path[0] == '/' || (fd == AT_FDCWD && path[0] != '\0')) return path;
    char digits[16];
    size_t used = sizeof digits;
    unsigned rest = (unsigned)fd;
    do {
        digits[--used] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    static const char DIRECTORY[] = "/proc/self/fd/";
    const size_t count = sizeof digits - used, length = strlen(path);
    size_t at = sizeof DIRECTORY - 1;
    if (fd < 0 || at + count + 1 + length + 1 > room) return path;
    memcpy(buffer, DIRECTORY, at);
    memcpy(buffer + at, digits + used, count);
    at += count;
    if (length > 0) buffer[at++] = '/';
    memcpy(buffer + at, path, length + 1);
    return buffer;
}
