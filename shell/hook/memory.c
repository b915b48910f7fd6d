#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#include <stdlib.h>
#endif

bool vs_map(struct vs_map *map, size_t size) {
    map->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map->base == MAP_FAILED) {
        map->base = NULL;
        return false;
    }
    map->size = size;
#ifdef MADV_DONTDUMP
    madvise(map->base, size, MADV_DONTDUMP);
#endif
#ifdef MADV_DONTFORK
    madvise(map->base, size, MADV_DONTFORK);
#endif
    return true;
}

void vs_lend_to_spawn(const struct vs_map *map) {
#if defined __GLIBC__ && defined MADV_DOFORK
    const char *version = gnu_get_libc_version(); // "2.36"
    if (version[0] == '2' && version[1] == '.' && atoi(version + 2) < 24) {
        madvise(map->base, map->size, MADV_DOFORK);
    }
#else
    (void)map;
#endif
}

void vs_unmap(struct vs_map *map) {
    if (map->base == NULL) return;
    const int saved = errno;
    memset(map->base, 0, map->size);
    // The compiler must not think that nobody reads what was written.
    __asm__ __volatile__("" : : "r"(map->base) : "memory");
    munmap(map->base, map->size);
    map->base = NULL;
    errno = saved;
}
