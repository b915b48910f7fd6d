#define _GNU_SOURCE
#include "spawn-files.h"

#include <stddef.h>
#include <string.h>
#include <sys/types.h>

// A name's `source` and `file` are two descriptors of one file, both close-on-exec in the caller. The
// child's dup2 gives it `file` without that flag. They differ, since dup2 of a number on itself changes
// nothing in older C libraries.
static bool add_own(struct vs_spawn_files *files, const struct vs_names *names) {
    for (uint32_t i = 0; i < names->count; i++) {
        const struct vs_name *name = &names->items[i];
        if (name->file == -1) continue;
        if (posix_spawn_file_actions_adddup2(&files->own, name->source, name->file) != 0) return false;
    }
    return true;
}

#ifdef __GLIBC__

// There is no call to copy file actions. glibc keeps them as an array of these (posix/spawn_int.h, the
// same since 2.2); that it is so here is checked against our own before it is relied on.
struct entry {
    int tag;
    union {
        struct {
            int fd, newfd;
        } dup2;
        struct {
            int fd;
            char *path;
            int flags;
            mode_t mode;
        } open;
    } action;
};

static bool is_dup(const struct entry *entry, int tag, const struct vs_name *name) {
    return entry->tag == tag && entry->action.dup2.fd == name->source &&
           entry->action.dup2.newfd == name->file;
}

// `own` must hold at least two entries, or their size is not told.
static bool is_as_expected(const posix_spawn_file_actions_t *own, const struct vs_names *names) {
    const struct entry *entries = (const void *)own->__actions;
    int at = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        if (names->items[i].file == -1) continue;
        if (at >= own->__used || !is_dup(&entries[at], entries[0].tag, &names->items[i])) return false;
        at++;
    }
    return at >= 1 && own->__used >= 2;
}

// An action of the caller that changes one of our sources would put another file in a value's place.
static bool spares_sources(const posix_spawn_file_actions_t *given, const struct vs_names *names) {
    const struct entry *entries = (const void *)given->__actions;
    for (int at = 0; at < given->__used; at++) {
        for (uint32_t i = 0; i < names->count; i++) {
            const int source = names->items[i].source;
            if (source == -1) continue;
            if (entries[at].action.dup2.fd == source || entries[at].action.dup2.newfd == source) return false;
        }
    }
    return true;
}

static const posix_spawn_file_actions_t *join(struct vs_spawn_files *files,
                                              const posix_spawn_file_actions_t *given,
                                              const struct vs_names *names) {
    // The last one once more changes nothing, and makes two of one.
    for (uint32_t i = 0; i < names->count && files->own.__used < 2; i++) {
        const struct vs_name *name = &names->items[i];
        if (name->file == -1) continue;
        if (posix_spawn_file_actions_adddup2(&files->own, name->source, name->file) != 0) return NULL;
        const struct entry *entries = (const void *)files->own.__actions;
        if (!is_dup(&entries[files->own.__used - 1], entries[0].tag, name)) return NULL;
    }
    if (!is_as_expected(&files->own, names) || !spares_sources(given, names)) return NULL;
    const size_t before = (size_t)given->__used, added = (size_t)files->own.__used;
    if (!vs_map(&files->entries, (before + added) * sizeof(struct entry))) return NULL;
    struct entry *entries = files->entries.base;
    if (before > 0) memcpy(entries, given->__actions, before * sizeof *entries);
    memcpy(entries + before, files->own.__actions, added * sizeof *entries);
    files->joined = *given;
    files->joined.__allocated = files->joined.__used = (int)(before + added);
    files->joined.__actions = (void *)entries;
    return &files->joined;
}

#else

static const posix_spawn_file_actions_t *join(struct vs_spawn_files *files,
                                              const posix_spawn_file_actions_t *given,
                                              const struct vs_names *names) {
    (void)files;
    (void)given;
    (void)names;
    return NULL;
}

#endif

const posix_spawn_file_actions_t *vs_add_spawn_files(struct vs_spawn_files *files,
                                                     const posix_spawn_file_actions_t *given,
                                                     const struct vs_names *names) {
    if (posix_spawn_file_actions_init(&files->own) != 0) return NULL;
    files->made = true;
    if (!add_own(files, names)) return NULL;
    return given == NULL ? &files->own : join(files, given, names);
}

void vs_drop_spawn_files(struct vs_spawn_files *files) {
    if (!files->made) return;
    files->made = false;
    posix_spawn_file_actions_destroy(&files->own);
    vs_unmap(&files->entries);
}
