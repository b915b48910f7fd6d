// The one line that says why nothing ran.
#ifndef VS_MESSAGE_H
#define VS_MESSAGE_H

#include <stddef.h>

// Writes `vault-shell: error: <text><middle><rest>` and a newline to descriptor 2, in a single write, with
// control characters masked and cut to a line of a sane length. `text_length` counts the bytes of `text`.
void vs_complain(const char *text, size_t text_length, const char *middle, const char *rest);

#endif
