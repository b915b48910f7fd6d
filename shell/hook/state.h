// What a process remembers of its session from the moment the library was loaded: a program may clear
// or change its environment afterwards.
#ifndef VS_STATE_H
#define VS_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rewrite.h"

struct vs_state {
    struct vs_identity identity;
    const char *socket;  // path of the broker's socket
    const char *session; // `<pid of the session>-<hex>`
    pid_t session_pid;
    pid_t image_pid; // of the process that was exec'd: not of a child that it forked
};

// The session this process belongs to, or NULL outside of one: then every wrapper just calls through.
const struct vs_state *vs_state(void);

// Reads the environment; `path` is the library's own, or NULL. A second call does nothing.
void vs_load_state(const char *path);

// The path of the file `name` in the directory of the session's socket; `path` has room for PATH_MAX bytes. False when
// that is not enough.
bool vs_path_beside(char *path, const struct vs_state *state, const char *name);

// True in a child that runs in its parent's memory (a bare clone with CLONE_VM): what is written
// there would stay behind in the parent.
bool vs_shares_memory(void);

#endif
