#include "rewrite.h"

#include <string.h>

#include "environment.h"
#include "protocol.h"

static bool is_name_start(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name_rest(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-';
}

enum vs_scan vs_next_placeholder(const char *text, struct vs_placeholder *found) {
    const size_t start_length = sizeof VS_PLACEHOLDER_START - 1;
    const char *start = strstr(text, VS_PLACEHOLDER_START);
    if (start == NULL) return VS_SCAN_NONE;
    const char *name = start + start_length;
    size_t length = 0;
    if (is_name_start(name[0])) {
        do {
            length++;
        } while (length <= VS_MAX_NAME_LENGTH && is_name_rest(name[length]));
    }
    found->start = start;
    found->name = name;
    found->name_length = (uint32_t)length;
    if (length == 0 || length > VS_MAX_NAME_LENGTH || name[length] != '>') {
        found->end = name;
        return VS_SCAN_MALFORMED;
    }
    found->end = name + length + 1;
    return VS_SCAN_FOUND;
}

static void survey_text(struct vs_survey *survey, const char *text) {
    struct vs_placeholder found;
    enum vs_scan scan;
    while ((scan = vs_next_placeholder(text, &found)) != VS_SCAN_NONE) {
        if (scan == VS_SCAN_MALFORMED) survey->malformed = true;
        else survey->placeholders++;
        text = found.end;
    }
}

struct vs_survey vs_survey(char *const *argv, char *const *envp, const struct vs_identity *identity) {
    struct vs_survey survey = {0};
    // argv[0] is a name a program goes by, never a place for a value.
    for (size_t i = 1; argv != NULL && argv[0] != NULL && argv[i] != NULL; i++) {
        survey_text(&survey, argv[i]);
    }
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *value = vs_entry_value(envp[i]);
        if (value != NULL) survey_text(&survey, value);
    }
    survey.lacking = vs_lacking(envp, identity);
    survey.literal = vs_is_literal(envp);
    return survey;
}

static uint32_t hash_name(const char *text, uint32_t length) {
    uint32_t hash = 2166136261u; // FNV-1a
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

static uint32_t slot_count(size_t placeholders) {
    uint32_t count = 4;
    while (count < 2 * placeholders) count *= 2;
    return count;
}

size_t vs_names_bytes(size_t placeholders) {
    return placeholders * sizeof(struct vs_name) + slot_count(placeholders) * sizeof(uint32_t);
}

static void add_name(struct vs_names *names, const char *text, uint32_t length) {
    uint32_t slot = hash_name(text, length) & names->mask;
    for (; names->slots[slot] != 0; slot = (slot + 1) & names->mask) {
        const struct vs_name *known = &names->items[names->slots[slot] - 1];
        if (known->length == length && memcmp(known->text, text, length) == 0) return;
    }
    names->items[names->count].text = text;
    names->items[names->count].length = length;
    names->slots[slot] = ++names->count;
}

static void collect_from(struct vs_names *names, const char *text) {
    struct vs_placeholder found;
    enum vs_scan scan;
    while ((scan = vs_next_placeholder(text, &found)) != VS_SCAN_NONE) {
        if (scan == VS_SCAN_FOUND) add_name(names, found.name, found.name_length);
        text = found.end;
    }
}

void vs_collect_names(struct vs_names *names, void *memory, size_t placeholders, char *const *argv,
                      char *const *envp) {
    names->items = memory;
    names->count = 0;
    names->slots = (uint32_t *)(void *)(names->items + placeholders);
    names->mask = slot_count(placeholders) - 1;
    for (size_t i = 1; argv != NULL && argv[0] != NULL && argv[i] != NULL; i++) {
        collect_from(names, argv[i]);
    }
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *value = vs_entry_value(envp[i]);
        if (value != NULL) collect_from(names, value);
    }
}

static const struct vs_name *find_name(const struct vs_names *names, const char *text, uint32_t length) {
    uint32_t slot = hash_name(text, length) & names->mask;
    for (; names->slots[slot] != 0; slot = (slot + 1) & names->mask) {
        const struct vs_name *known = &names->items[names->slots[slot] - 1];
        if (known->length == length && memcmp(known->text, text, length) == 0) return known;
    }
    return NULL;
}

// Where new strings go: counts only while `base` is NULL, and stops counting at the limit.
struct sink {
    char *base;
    size_t used;
};

static void put(struct sink *sink, const char *bytes, size_t length) {
    if (sink->used > VS_MAX_VECTOR_BYTES) return;
    if (sink->base != NULL && length > 0) memcpy(sink->base + sink->used, bytes, length);
    sink->used += length;
}

static char *here(const struct sink *sink) {
    return sink->base == NULL ? NULL : sink->base + sink->used;
}

// `text` with its placeholders replaced, without a terminator.
static void put_replaced(struct sink *sink, const char *text, const struct vs_names *names) {
    struct vs_placeholder found;
    while (names != NULL && vs_next_placeholder(text, &found) == VS_SCAN_FOUND) {
        const struct vs_name *name = find_name(names, found.name, found.name_length);
        put(sink, text, (size_t)(found.start - text));
        if (name != NULL) put(sink, name->value, name->value_length);
        text = found.end;
    }
    put(sink, text, strlen(text));
}

static char *replaced(struct sink *sink, char *text, const struct vs_names *names) {
    struct vs_placeholder found;
    if (names == NULL || vs_next_placeholder(text, &found) != VS_SCAN_FOUND) return text;
    char *result = here(sink);
    put_replaced(sink, text, names);
    put(sink, "", 1);
    return result;
}

static char *replaced_entry(struct sink *sink, char *entry, const struct vs_names *names) {
    const char *value = vs_entry_value(entry);
    struct vs_placeholder found;
    if (names == NULL || value == NULL || vs_next_placeholder(value, &found) != VS_SCAN_FOUND) {
        return entry;
    }
    char *result = here(sink);
    put(sink, entry, (size_t)(value - entry));
    put_replaced(sink, value, names);
    put(sink, "", 1);
    return result;
}

// LD_PRELOAD with our library ahead of what `list` names.
static char *preload_entry(struct sink *sink, const struct vs_identity *identity, const char *list,
                           const struct vs_names *names) {
    char *result = here(sink);
    put(sink, VS_PRELOAD_KEY, sizeof VS_PRELOAD_KEY - 1);
    put(sink, identity->library, strlen(identity->library));
    if (list[0] != '\0') {
        put(sink, ":", 1);
        put_replaced(sink, list, names);
    }
    put(sink, "", 1);
    return result;
}

size_t vs_build_vectors(void *memory, char *const *argv, char *const *envp,
                        const struct vs_identity *identity, unsigned lacking,
                        const struct vs_names *names, struct vs_vectors *vectors) {
    size_t argc = 0, envc = 0, out = 0;
    while (argv != NULL && argv[argc] != NULL) argc++;
    while (envp != NULL && envp[envc] != NULL) envc++;
    // Four more entries: what an environment may lack.
    const size_t pointers = (argc + 1) + (envc + 4 + 1);
    if (pointers > VS_MAX_VECTOR_BYTES / sizeof(char *)) return 0;
    char **pointer = memory;
    struct sink sink = {memory, pointers * sizeof(char *)};
    for (size_t i = 0; i < argc; i++) {
        char *text = i == 0 ? argv[i] : replaced(&sink, argv[i], names);
        if (pointer != NULL) pointer[i] = text;
    }
    char **env = pointer == NULL ? NULL : pointer + argc + 1;
    for (size_t i = 0; i < envc; i++) {
        char *entry = envp[i];
        const char *list = vs_preload_list(entry);
        if (vs_is_blank_of_ours(entry)) continue;
        if (list != NULL && !vs_list_holds(list, identity->library)) {
            entry = preload_entry(&sink, identity, list, names);
            lacking &= ~VS_LACKS_PRELOAD;
        } else {
            entry = replaced_entry(&sink, entry, names);
        }
        if (env != NULL) env[out] = entry;
        out++;
    }
    char *missing[4];
    size_t count = 0;
    if ((lacking & VS_LACKS_PRELOAD) != 0) missing[count++] = preload_entry(&sink, identity, "", NULL);
    if ((lacking & VS_LACKS_SOCKET) != 0) missing[count++] = (char *)(uintptr_t)identity->socket_entry;
    if ((lacking & VS_LACKS_SESSION) != 0) missing[count++] = (char *)(uintptr_t)identity->session_entry;
    if ((lacking & VS_LACKS_MARKER) != 0) missing[count++] = (char *)(uintptr_t)VS_MARKER_ENTRY;
    for (size_t i = 0; i < count; i++, out++) {
        if (env != NULL) env[out] = missing[i];
    }
    if (pointer != NULL) {
        pointer[argc] = NULL;
        env[out] = NULL;
        vectors->argv = pointer;
        vectors->envp = env;
    }
    return sink.used > VS_MAX_VECTOR_BYTES ? 0 : sink.used;
}
