// The names that a call asks for: pure functions over memory that the caller gives.
#ifndef VS_NAMES_H
#define VS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vs_name {
    const char *text; // not terminated
    uint32_t length;
    uint32_t exposures; // VS_EXPOSURE_ bits
    // Set by vs_parse_answer:
    const char *value; // not terminated
    uint32_t value_length;
    bool is_text; // released to nobody: its placeholders stay
    // Set by launch.c where there is a file:
    int file;   // the number of its descriptor in the program
    int source; // of the same file, for a spawn: what `file` is made from in the child
};

// The names of a call without repeats, in the order of their first use.
struct vs_names {
    struct vs_name *items;
    uint32_t count;
    uint32_t *slots; // open addressing; index into items plus one, 0 for empty
    uint32_t mask;
};

// Bytes of (aligned, zeroed) memory that the names of so many placeholders need.
size_t vs_names_bytes(size_t placeholders);
void vs_collect_names(struct vs_names *names, void *memory, size_t placeholders, char *const *argv,
                      char *const *envp);
// NULL when it is not among them.
const struct vs_name *vs_find_name(const struct vs_names *names, const char *text, uint32_t length);

#endif
