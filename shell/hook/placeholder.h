// The grammar of placeholders: pure. src/base/placeholder.ts has the same; a test runs one table of cases
// through both.
#ifndef VS_PLACEHOLDER_H
#define VS_PLACEHOLDER_H

#include <stdbool.h>
#include <stdint.h>

// `$VAULT<name>` stands for the value, `$VAULT_FILE<name>` for the path of a file that holds it.
#define VS_PLACEHOLDER_STEM "$VAULT"
#define VS_PLACEHOLDER_FILE "_FILE"

enum vs_scan { VS_SCAN_NONE, VS_SCAN_FOUND, VS_SCAN_MALFORMED };

struct vs_placeholder {
    const char *start;
    const char *name;
    uint32_t name_length;
    bool is_file;
    const char *end; // behind the `>`, or behind the `<` of a malformed one: where to look on
};

// Finds the first placeholder in `text`.
enum vs_scan vs_next_placeholder(const char *text, struct vs_placeholder *found);

#endif
