// Memory outside the program's heap: an exec wrapper may run where malloc must not.
#ifndef VS_MEMORY_H
#define VS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct vs_map {
    void *base; // NULL when there is none
    size_t size;
};

// Zeroed, private, page-aligned, not part of core dumps, and not there in a forked child: another thread may fork while
// values are in it. False (errno set) when there is no memory.
bool vs_map(struct vs_map *map, size_t size);
// For what posix_spawn is to read: before glibc 2.24 its child was forked. Nothing happens where it shares memory.
void vs_lend_to_spawn(const struct vs_map *map);
// Overwrites all of it and gives it back; errno is kept. Nothing happens to an empty map.
void vs_unmap(struct vs_map *map);

#endif
