#include "rewrite.h"

#include <string.h>

#include "environment.h"
#include "placeholder.h"
#include "protocol.h"

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

static void put_file(struct sink *sink, int file) {
    char digits[16];
    size_t first = sizeof digits;
    unsigned rest = (unsigned)file;
    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    put(sink, VS_FILE_DIRECTORY, sizeof VS_FILE_DIRECTORY - 1);
    put(sink, digits + first, sizeof digits - first);
}

// `text` with its placeholders replaced, without a terminator.
static void put_replaced(struct sink *sink, const char *text, const struct vs_names *names) {
    struct vs_placeholder found;
    while (names != NULL && vs_next_placeholder(text, &found) == VS_SCAN_FOUND) {
        const struct vs_name *name = vs_find_name(names, found.name, found.name_length);
        put(sink, text, (size_t)(found.start - text));
        if (name == NULL || name->is_text) put(sink, found.start, (size_t)(found.end - found.start));
        else if (found.is_file) put_file(sink, name->file);
        else put(sink, name->value, name->value_length);
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

// Entries that an environment may lack.
#define MAX_MISSING 5

size_t vs_build_vectors(void *memory, char *const *argv, char *const *envp,
                        const struct vs_identity *identity, unsigned lacking,
                        const struct vs_names *names, struct vs_vectors *vectors) {
    size_t argc = 0, envc = 0, out = 0;
    while (argv != NULL && argv[argc] != NULL) argc++;
    while (envp != NULL && envp[envc] != NULL) envc++;
    const size_t pointers = (argc + 1) + (envc + MAX_MISSING + 1);
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
    char *missing[MAX_MISSING];
    size_t count = 0;
    if ((lacking & VS_LACKS_PRELOAD) != 0) missing[count++] = preload_entry(&sink, identity, "", NULL);
    if ((lacking & VS_LACKS_SOCKET) != 0) missing[count++] = (char *)(uintptr_t)identity->socket_entry;
    if ((lacking & VS_LACKS_SESSION) != 0) missing[count++] = (char *)(uintptr_t)identity->session_entry;
    if ((lacking & VS_LACKS_MARKER) != 0) missing[count++] = (char *)(uintptr_t)VS_MARKER_ENTRY;
    if ((lacking & VS_LACKS_FILE_MARKER) != 0) missing[count++] = (char *)(uintptr_t)VS_FILE_MARKER_ENTRY;
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
