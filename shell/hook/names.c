#include "names.h"

#include <string.h>

#include "environment.h"
#include "placeholder.h"
#include "protocol.h"

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

static struct vs_name *find(const struct vs_names *names, const char *text, uint32_t length, uint32_t *slot) {
    *slot = hash_name(text, length) & names->mask;
    for (; names->slots[*slot] != 0; *slot = (*slot + 1) & names->mask) {
        struct vs_name *known = &names->items[names->slots[*slot] - 1];
        if (known->length == length && memcmp(known->text, text, length) == 0) return known;
    }
    return NULL;
}

const struct vs_name *vs_find_name(const struct vs_names *names, const char *text, uint32_t length) {
    uint32_t slot;
    return find(names, text, length, &slot);
}

static void add_name(struct vs_names *names, const struct vs_placeholder *found, uint32_t place) {
    uint32_t slot;
    struct vs_name *name = find(names, found->name, found->name_length, &slot);
    if (name == NULL) {
        name = &names->items[names->count];
        *name = (struct vs_name){.text = found->name, .length = found->name_length, .file = -1, .source = -1};
        name->exposures = VS_EXPOSURE_OPTIONAL;
        names->slots[slot] = ++names->count;
    }
    name->exposures |= found->is_file ? VS_EXPOSURE_FILE : place;
    if (place == VS_EXPOSURE_ARGV) name->exposures &= ~(uint32_t)VS_EXPOSURE_OPTIONAL;
}

static void collect_from(struct vs_names *names, const char *text, uint32_t place) {
    struct vs_placeholder found;
    enum vs_scan scan;
    while ((scan = vs_next_placeholder(text, &found)) != VS_SCAN_NONE) {
        if (scan == VS_SCAN_FOUND) add_name(names, &found, place);
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
        collect_from(names, argv[i], VS_EXPOSURE_ARGV);
    }
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *value = vs_entry_value(envp[i]);
        if (value != NULL) collect_from(names, value, VS_EXPOSURE_ENV);
    }
}
