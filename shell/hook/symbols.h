// Where the functions that this library stands in front of really are.
#ifndef VS_SYMBOLS_H
#define VS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>

struct vs_symbol {
    const char *name;
    // A pointer to a function of any type; stays as it is when nobody has one of that name.
    void *function;
};

// Finds each symbol in the objects loaded after this library, as dlsym does with RTLD_NEXT, and this library's own
// path; false when that does not fit.
bool vs_find_symbols(const struct vs_symbol *symbols, size_t count, char *path, size_t room);

#endif
