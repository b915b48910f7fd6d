// One exec or spawn on its way: decides what is done with it and keeps what it needs until it is over.
#ifndef VS_LAUNCH_H
#define VS_LAUNCH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "memory.h"
#include "names.h"
#include "protocol.h"
#include "spawn-files.h"

struct vs_launch {
    const char *file; // a path, or a name to be searched on PATH
    bool search;
    bool spawn; // the caller lives on: posix_spawn
    // As the caller gave them; after vs_prepare, what the real call is to be given.
    char *const *argv;
    char *const *envp;
    const posix_spawn_file_actions_t *actions; // of a spawn; NULL for none
    bool located;        // `path` is what to run, no search is left to do
    char path[PATH_MAX]; // set when `located`
    // Private to launch.c.
    struct vs_map vectors;
    struct vs_map names_memory;
    struct vs_names names;
    struct vs_spawn_files spawn_files;
    char grant[VS_MAX_GRANT_LENGTH + 1];
};

// True when there is nothing to do: the call can go to the real function as it is. No system call, no allocation.
bool vs_is_plain(char *const *argv, char *const *envp);

void vs_start_launch(struct vs_launch *launch, const char *file, char *const *argv, char *const *envp);

// False: nothing may run, errno says why, and the reason was written to descriptor 2 if it was ours.
bool vs_prepare(struct vs_launch *launch);

// To be called when the real call is back: a failed exec, or any spawn. Wipes the values, closes their files,
// tells the broker; errno is kept. `error` is 0 for a spawn that worked, with the child's `pid`.
void vs_finish(struct vs_launch *launch, int error, pid_t pid);

#endif
