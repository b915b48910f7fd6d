// The survey of a call and the making of new argument and environment vectors: pure functions, no system
// call, no allocation.
#ifndef VS_REWRITE_H
#define VS_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names.h"

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
#define VS_LACKS_FILE_MARKER 16u

struct vs_survey {
    size_t placeholders; // well-formed ones, repeats included
    bool malformed;
    bool literal;     // VAULT_SHELL_LITERAL=1: placeholders stay text
    unsigned lacking; // what the environment has to be given back
};

// Looks through argv[1..] and the environment once. Both may be NULL.
struct vs_survey vs_survey(char *const *argv, char *const *envp, const struct vs_identity *identity);

struct vs_vectors {
    char **argv;
    char **envp;
};

// Makes new vectors in `memory` (aligned), or only counts the bytes when it is NULL. Every placeholder
// is replaced when `names` is given (one left as text stays), and the environment gets back what it lacks.
// What does not change is not copied but pointed to. Returns the bytes needed, 0 when they are more than
// VS_MAX_VECTOR_BYTES.
size_t vs_build_vectors(void *memory, char *const *argv, char *const *envp,
                        const struct vs_identity *identity, unsigned lacking,
                        const struct vs_names *names, struct vs_vectors *vectors);

// Where a program finds what its descriptors stand for.
#define VS_FILE_DIRECTORY "/proc/self/fd/"

// Far above what any kernel takes (6 MiB): it bounds memory, the real call says E2BIG.
#define VS_MAX_VECTOR_BYTES ((size_t)64 << 20)

#endif
