// Comparing texts where every program passes: a few bytes are compared sooner than a function of the C library is found,
// whose page a fork's child would have to map first.
#ifndef VS_TEXT_H
#define VS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

// What follows `start` in a text that starts with it, or NULL.
static inline const char *vs_after(const char *text, const char *start) {
    for (; *start != '\0'; text++, start++) {
        if (*text != *start) return NULL;
    }
    return text;
}

static inline bool vs_is_same(const char *text, const char *other) {
    const char *rest = vs_after(text, other);
    return rest != NULL && *rest == '\0';
}

#endif
