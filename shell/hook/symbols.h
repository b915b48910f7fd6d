// Where the functions that this library stands in front of really are.
#ifndef VS_SYMBOLS_H
#define VS_SYMBOLS_H

#include <stddef.h>

struct vs_symbol {
    const char *name;
    // A pointer to a function of any type; stays as it is when nobody has one of that name.
    void *function;
};

// Finds each symbol in the objects loaded after this library, as dlsym does with RTLD_NEXT. Gives this library's own path
// as the loader knows it, which lasts as long as the library; NULL if that knows none.
const char *vs_find_symbols(const struct vs_symbol *symbols, size_t count);

#endif
