// What the hook reads from an environment: pure functions over its entries.
#ifndef VS_ENVIRONMENT_H
#define VS_ENVIRONMENT_H

#include <stdbool.h>

#include "rewrite.h"

#define VS_PRELOAD_KEY "LD_PRELOAD="
#define VS_SOCKET_KEY "VAULT_SHELL_SOCKET="
#define VS_SESSION_KEY "VAULT_SHELL_SESSION="
#define VS_MARKER_KEY "VAULT="
// Let "$VAULT<name>" pass through double quotes as it is: the variable stands for its own name.
#define VS_MARKER_ENTRY "VAULT=$VAULT"
#define VS_FILE_MARKER_KEY "VAULT_FILE="
#define VS_FILE_MARKER_ENTRY "VAULT_FILE=$VAULT_FILE"
#define VS_LITERAL_ENTRY "VAULT_SHELL_LITERAL=1"

// What follows the first `=`, or NULL for an entry without one.
const char *vs_entry_value(const char *entry);
// The list of an LD_PRELOAD entry, or NULL for any other entry.
const char *vs_preload_list(const char *entry);
// True if a list of libraries (separated by colons or blanks) names `library`.
bool vs_list_holds(const char *list, const char *library);
// True for an entry of ours that is there but empty: it counts as missing and is dropped.
bool vs_is_blank_of_ours(const char *entry);
// True if the environment asks for placeholders to stay text.
bool vs_is_literal(char *const *envp);
// The VS_LACKS_ bits of an environment. An entry with another value is left alone: it is another
// session's, or the user's own.
unsigned vs_lacking(char *const *envp, const struct vs_identity *identity);

#endif
