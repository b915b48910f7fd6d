#include "placeholder.h"

#include <stddef.h>
#include <string.h>

#include "protocol.h"
#include "text.h"

static bool is_name_start(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name_rest(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-';
}

// What follows the `<` of the first `$VAULT<` or `$VAULT_FILE<`.
static const char *next_name(const char *text, struct vs_placeholder *found) {
    while ((text = strstr(text, VS_PLACEHOLDER_STEM)) != NULL) {
        found->start = text;
        text += sizeof VS_PLACEHOLDER_STEM - 1;
        const char *file = vs_after(text, VS_PLACEHOLDER_FILE), *opening = file == NULL ? text : file;
        found->is_file = file != NULL;
        if (*opening == '<') return opening + 1;
    }
    return NULL;
}

enum vs_scan vs_next_placeholder(const char *text, struct vs_placeholder *found) {
    const char *name = next_name(text, found);
    if (name == NULL) return VS_SCAN_NONE;
    size_t length = 0;
    if (is_name_start(name[0])) {
        do {
            length++;
        } while (length <= VS_MAX_NAME_LENGTH && is_name_rest(name[length]));
    }
    found->name = name;
    found->name_length = (uint32_t)length;
    if (length == 0 || length > VS_MAX_NAME_LENGTH || name[length] != '>') {
        found->end = name;
        return VS_SCAN_MALFORMED;
    }
    found->end = name + length + 1;
    return VS_SCAN_FOUND;
}
