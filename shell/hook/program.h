// What a path would run: found on PATH, and told from the programs that only pass placeholders on.
#ifndef VS_PROGRAM_H
#define VS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum vs_program {
    VS_TARGET,       // gets values
    VS_PASS_THROUGH, // a shell or launcher, or a file that a shell will interpret: gets placeholders
    VS_NOT_RUNNABLE, // errno says why
};

// `path` is as the caller gave it: a relative one counts from the working directory.
enum vs_program vs_classify(const char *path);

// True for `busybox sh ...` and its like: one file that is many programs, named by its first argument.
bool vs_is_pass_through_applet(const char *path, char *const *argv);

// True for `node [options] main.js ...`, where main.js is that of the vault-shell whose preload library this is: what
// starts a nested session, and passes placeholders on.
bool vs_runs_vault_shell(const char *library, char *const *argv);

// Searches PATH for `file` as execvp does. `path` has room for PATH_MAX bytes. False: errno is what
// execvp would have set (ENOENT, or EACCES when something of the name was there).
bool vs_find_program(const char *file, char *path);

// The path under which a descriptor (`path` empty), or a path that counts from one, can be looked at:
// `path` itself, or one through /proc, made in `buffer`.
const char *vs_path_at(char *buffer, size_t room, int fd, const char *path);

// Pure parts, for the unit test.
bool vs_is_pass_through_name(const char *name, size_t length);
// The interpreter that the kernel takes from the first bytes of a script; NULL when it would refuse it.
const char *vs_interpreter(char *head, size_t length);

#endif
