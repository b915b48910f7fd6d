#define _GNU_SOURCE
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <elf.h>
#endif

#include "../hook/program.h"
#include "../native/calls.h"
#include "command-line.h"

#define FALLBACK "/bin/sh"
#define HEAD_BYTES 4096
#define MAX_INTERPRETERS 4

static enum vs_found look_at(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return VS_MISSING;
    if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0) return VS_NOT_EXECUTABLE;
    return VS_FOUND;
}

static bool is_shell(const struct vs_place *place, const char *path) {
    return path[0] == '/' && look_at(path) == VS_FOUND && !vs_is_ours(place, path);
}

// False: too long, or the working directory is gone.
static bool make_absolute(const char *directory, size_t length, const char *name, char *path) {
    char cwd[PATH_MAX] = "";
    const bool is_absolute = length > 0 ? directory[0] == '/' : name[0] == '/';
    if (!is_absolute && getcwd(cwd, sizeof cwd) == NULL) return false;
    const int made = snprintf(path, PATH_MAX, "%s%s%.*s%s%s", cwd, is_absolute ? "" : "/", (int)length, directory,
                              length > 0 ? "/" : "", name);
    return made > 0 && made < PATH_MAX;
}

enum vs_found vs_find(const char *name, char *path) {
    if (name[0] == '\0') return VS_MISSING;
    if (strchr(name, '/') != NULL) return make_absolute("", 0, name, path) ? look_at(path) : VS_MISSING;
    const char *list = getenv("PATH");
    enum vs_found best = VS_MISSING;
    char candidate[PATH_MAX];
    while (list != NULL) {
        const size_t length = strcspn(list, ":");
        // An empty entry means the working directory.
        if (make_absolute(list, length, name, candidate)) {
            const enum vs_found found = look_at(candidate);
            if (found != VS_MISSING && best == VS_MISSING) memcpy(path, candidate, strlen(candidate) + 1);
            if (found == VS_FOUND) {
                memcpy(path, candidate, strlen(candidate) + 1);
                return VS_FOUND;
            }
            if (found != VS_MISSING) best = found;
        }
        list = list[length] == '\0' ? NULL : list + length + 1;
    }
    return best;
}

static bool try_directory(const struct vs_place *place, const char *directory, size_t length, const char *name,
                          char *path) {
    if (length == 0 || directory[0] != '/' || !make_absolute(directory, length, name, path)) return false;
    return is_shell(place, path);
}

// The first shell of that name in PATH, or where shells are, which is not vault-shell.
static bool find_named(const struct vs_place *place, const char *name, char *path) {
    const char *list = getenv("PATH");
    while (list != NULL) {
        const size_t length = strcspn(list, ":");
        if (try_directory(place, list, length, name, path)) return true;
        list = list[length] == '\0' ? NULL : list + length + 1;
    }
    return try_directory(place, "/bin", 4, name, path) || try_directory(place, "/usr/bin", 8, name, path);
}

enum vs_found vs_choose_shell(const struct vs_place *place, const char *option, const char *called_as, char *path) {
    if (option != NULL) {
        const enum vs_found found = vs_find(option, path);
        return found == VS_FOUND && vs_is_ours(place, path) ? VS_ITSELF : found;
    }
    if (called_as != NULL) return find_named(place, called_as, path) ? VS_FOUND : VS_MISSING;
    const char *given = getenv("SHELL");
    if (given != NULL && strlen(given) < PATH_MAX) {
        memcpy(path, given, strlen(given) + 1);
        if (is_shell(place, path)) return VS_FOUND;
        // A name of our own stands for a real shell.
        const char *own = vs_read_name(given).shell;
        if (own != NULL && vs_is_ours(place, given) && find_named(place, own, path)) return VS_FOUND;
    }
    memcpy(path, FALLBACK, sizeof FALLBACK);
    return VS_FOUND;
}

// 64 bits, in the machine's own order: what the hook is built for.
static bool is_static(const char *head, size_t length) {
#ifdef __linux__
    Elf64_Ehdr header;
    if (length < sizeof header || memcmp(head, ELFMAG, SELFMAG) != 0 || head[EI_CLASS] != ELFCLASS64) return false;
    memcpy(&header, head, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        const size_t at = header.e_phoff + i * header.e_phentsize;
        Elf64_Phdr part;
        if (at > length || length - at < sizeof part) return false;
        memcpy(&part, head + at, sizeof part);
        if (part.p_type == PT_INTERP) return false;
    }
    return true;
#else
    (void)head, (void)length;
    return false;
#endif
}

static bool reaches(const char *path, int depth) {
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) != 0) return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd == -1) return true;
    char head[HEAD_BYTES];
    const ssize_t got = read(fd, head, sizeof head - 1);
    const bool gains = vs_gains_capabilities(fd) != 0;
    close(fd);
    if (gains) return false;
    const size_t length = got < 0 ? 0 : (size_t)got;
    if (length >= 2 && memcmp(head, "#!", 2) == 0) {
        const char *interpreter = vs_interpreter(head, length < 256 ? length : 256);
        return interpreter == NULL || depth == 0 || reaches(interpreter, depth - 1);
    }
    return !is_static(head, length);
}

bool vs_hook_reaches(const char *path) {
    return reaches(path, MAX_INTERPRETERS);
}
