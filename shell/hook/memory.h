// Memory outside the program's heap: an exec wrapper may run where malloc must not.
#ifndef VS_MEMORY_H
#define VS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct vs_map {
    void *base; // NULL when there is none
    size_t size;
};

// Zeroed, private, page-aligned, not part of core dumps. False (errno set) when there is no memory.
bool vs_map(struct vs_map *map, size_t size);
// Overwrites all of it and gives it back; errno is kept. Nothing happens to an empty map.
void vs_unmap(struct vs_map *map);

#endif
