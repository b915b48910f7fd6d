// File actions of a spawn with files of values added: the child gets them, the caller keeps nothing that a
// child of another thread could inherit.
#ifndef VS_SPAWN_FILES_H
#define VS_SPAWN_FILES_H

#include <spawn.h>
#include <stdbool.h>

#include "memory.h"
#include "names.h"

struct vs_spawn_files {
    bool made;
    posix_spawn_file_actions_t own;    // ours alone
    posix_spawn_file_actions_t joined; // the caller's, then ours
    struct vs_map entries;             // what `joined` holds
};

// Gives actions that do what `given` (may be NULL) does and then make each name's `file` of its `source`, or
// NULL when that cannot be done for sure. vs_drop_spawn_files ends their life.
const posix_spawn_file_actions_t *vs_add_spawn_files(struct vs_spawn_files *files,
                                                     const posix_spawn_file_actions_t *given,
                                                     const struct vs_names *names);
void vs_drop_spawn_files(struct vs_spawn_files *files);

#endif
