#include "environment.h"

#include "text.h"

// No pointers: each would be one more place for the loader to fill in.
static const struct {
    char key[sizeof VS_SESSION_KEY];
    unsigned lacks;
} OURS[] = {
    {VS_SOCKET_KEY, VS_LACKS_SOCKET},
    {VS_SESSION_KEY, VS_LACKS_SESSION},
    {VS_MARKER_KEY, VS_LACKS_MARKER},
    {VS_FILE_MARKER_KEY, VS_LACKS_FILE_MARKER},
};

const char *vs_entry_value(const char *entry) {
    for (; *entry != '='; entry++) {
        if (*entry == '\0') return NULL;
    }
    return entry + 1;
}

const char *vs_preload_list(const char *entry) {
    return vs_after(entry, VS_PRELOAD_KEY);
}

static bool ends_item(char c) {
    return c == '\0' || c == ':' || c == ' ';
}

bool vs_list_holds(const char *list, const char *library) {
    while (*list != '\0') {
        const char *rest = vs_after(list, library);
        if (rest != NULL && ends_item(*rest)) return true;
        while (!ends_item(*list)) list++;
        if (*list != '\0') list++;
    }
    return false;
}

// The VS_LACKS_ bit of an entry of ours, `value` its value; 0 for any other entry.
static unsigned bit_of(const char *entry, const char **value) {
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++) {
        *value = vs_after(entry, OURS[i].key);
        if (*value != NULL) return OURS[i].lacks;
    }
    return 0;
}

bool vs_is_blank_of_ours(const char *entry) {
    const char *value;
    return bit_of(entry, &value) != 0 && *value == '\0';
}

bool vs_is_literal(char *const *envp) {
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        if (vs_is_same(envp[i], VS_LITERAL_ENTRY)) return true;
    }
    return false;
}

unsigned vs_lacking(char *const *envp, const struct vs_identity *identity) {
    unsigned lacking = VS_LACKS_SOCKET | VS_LACKS_SESSION | VS_LACKS_MARKER | VS_LACKS_FILE_MARKER;
    bool preloads = false, stranger = false;
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *entry = envp[i], *value;
        if (entry[0] != 'V' && entry[0] != 'L') continue;
        const char *list = vs_preload_list(entry);
        if (list != NULL) {
            // Which of two entries counts is up to the loader: each must name us.
            if (vs_list_holds(list, identity->library)) preloads = true;
            else stranger = true;
        } else {
            const unsigned bit = bit_of(entry, &value);
            if (bit != 0 && *value != '\0') lacking &= ~bit;
        }
    }
    if (!preloads || stranger) lacking |= VS_LACKS_PRELOAD;
    return lacking;
}
