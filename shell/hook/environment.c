#include "environment.h"

#include <string.h>

const char *vs_entry_value(const char *entry) {
    const char *equals = strchr(entry, '=');
    return equals == NULL ? NULL : equals + 1;
}

static const char *value_of(const char *entry, const char *key, size_t length) {
    return strncmp(entry, key, length) == 0 ? entry + length : NULL;
}

#define VALUE_OF(entry, key) value_of(entry, key, sizeof(key) - 1)

const char *vs_preload_list(const char *entry) {
    return VALUE_OF(entry, VS_PRELOAD_KEY);
}

bool vs_list_holds(const char *list, const char *library) {
    const size_t wanted = strlen(library);
    while (*list != '\0') {
        const size_t length = strcspn(list, ": ");
        if (length == wanted && memcmp(list, library, length) == 0) return true;
        list += length;
        if (*list != '\0') list++;
    }
    return false;
}

bool vs_is_blank_of_ours(const char *entry) {
    return strcmp(entry, VS_SOCKET_KEY) == 0 || strcmp(entry, VS_SESSION_KEY) == 0 ||
           strcmp(entry, VS_MARKER_KEY) == 0 || strcmp(entry, VS_FILE_MARKER_KEY) == 0;
}

bool vs_is_literal(char *const *envp) {
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        if (strcmp(envp[i], VS_LITERAL_ENTRY) == 0) return true;
    }
    return false;
}

unsigned vs_lacking(char *const *envp, const struct vs_identity *identity) {
    unsigned lacking = VS_LACKS_SOCKET | VS_LACKS_SESSION | VS_LACKS_MARKER | VS_LACKS_FILE_MARKER;
    bool preloads = false, stranger = false;
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *entry = envp[i];
        if (entry[0] != 'V' && entry[0] != 'L') continue;
        const char *list = vs_preload_list(entry);
        if (list != NULL) {
            // Which of two entries counts is up to the loader: each must name us.
            if (vs_list_holds(list, identity->library)) preloads = true;
            else stranger = true;
        } else if (!vs_is_blank_of_ours(entry)) {
            if (VALUE_OF(entry, VS_SOCKET_KEY) != NULL) lacking &= ~VS_LACKS_SOCKET;
            else if (VALUE_OF(entry, VS_SESSION_KEY) != NULL) lacking &= ~VS_LACKS_SESSION;
            else if (VALUE_OF(entry, VS_MARKER_KEY) != NULL) lacking &= ~VS_LACKS_MARKER;
            else if (VALUE_OF(entry, VS_FILE_MARKER_KEY) != NULL) lacking &= ~VS_LACKS_FILE_MARKER;
        }
    }
    if (!preloads || stranger) lacking |= VS_LACKS_PRELOAD;
    return lacking;
}
