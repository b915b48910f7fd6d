// Which real shell, or program, is to be run.
#ifndef VS_SHELL_H
#define VS_SHELL_H

#include <limits.h>
#include <stdbool.h>

#include "place.h"

enum vs_found {
    VS_FOUND,
    VS_MISSING,        // 127
    VS_NOT_EXECUTABLE, // 126
    VS_ITSELF,         // a shell that was asked for is vault-shell
};

// Finds a program as a shell does: with a slash as it is, else in PATH. `path` has room for PATH_MAX bytes and gets an
// absolute path.
enum vs_found vs_find(const char *name, char *path);

// As src/session/shell.ts: the shell `option` names, else the one vault-shell was called as, else $SHELL, else /bin/sh.
// `option` and `called_as` may be NULL.
enum vs_found vs_choose_shell(const struct vs_place *place, const char *option, const char *called_as, char *path);

// Whether the loader looks at the preload library for this program: not for a static one, nor for one that changes its
// user or group. As src/session/hook-reach.ts.
bool vs_hook_reaches(const char *path);

#endif
