// The grammar of placeholders and the making of new argument and environment vectors: pure functions,
// no system call, no allocation. src/base/placeholder.ts has the same grammar; a test runs one table of
// cases through both.
#ifndef VS_REWRITE_H
#define VS_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VS_PLACEHOLDER_START "$VAULT<"

enum vs_scan { VS_SCAN_NONE, VS_SCAN_FOUND, VS_SCAN_MALFORMED };

struct vs_placeholder {
    const char *start;
    const char *name;
    uint32_t name_length;
    const char *end; // behind the `>`, or behind the `<` of a malformed one: where to look on
};

// Finds the first placeholder in `text`.
enum vs_scan vs_next_placeholder(const char *text, struct vs_placeholder *found);

// What ties a process to its session. The entries are whole environment entries, `KEY=value`.
struct vs_identity {
    const char *library; // path of the preload library
    const char *socket_entry;
    const char *session_entry;
};

// Bits of vs_survey.lacking.
#define VS_LACKS_PRELOAD 1u
#define VS_LACKS_SOCKET 2u
#define VS_LACKS_SESSION 4u
#define VS_LACKS_MARKER 8u

struct vs_survey {
    size_t placeholders; // well-formed ones, repeats included
    bool malformed;
    bool literal;     // VAULT_SHELL_LITERAL=1: placeholders stay text
    unsigned lacking; // what the environment has to be given back
};

// Looks through argv[1..] and the environment once. Both may be NULL.
struct vs_survey vs_survey(char *const *argv, char *const *envp, const struct vs_identity *identity);

struct vs_name {
    const char *text; // not terminated
    uint32_t length;
    const char *value; // not terminated; set by vs_parse_answer
    uint32_t value_length;
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

struct vs_vectors {
    char **argv;
    char **envp;
};

// Makes new vectors in `memory` (aligned), or only counts the bytes when it is NULL. Every placeholder
// is replaced when `names` is given, and the environment gets back what it lacks. What does not change is
// not copied but pointed to. Returns the bytes needed, 0 when they are more than VS_MAX_VECTOR_BYTES.
size_t vs_build_vectors(void *memory, char *const *argv, char *const *envp,
                        const struct vs_identity *identity, unsigned lacking,
                        const struct vs_names *names, struct vs_vectors *vectors);

// Far above what any kernel takes (6 MiB): it bounds memory, the real call says E2BIG.
#define VS_MAX_VECTOR_BYTES ((size_t)64 << 20)

#endif
