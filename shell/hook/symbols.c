#define _GNU_SOURCE
#include "symbols.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

#ifndef __linux__

const char *vs_find_symbols(const struct vs_symbol *symbols, size_t count) {
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(RTLD_NEXT, symbols[i].name);
        if (found != NULL) memcpy(symbols[i].function, &found, sizeof found);
    }
    Dl_info info;
    return dladdr((void *)(uintptr_t)&vs_find_symbols, &info) == 0 ? NULL : info.dli_fname;
}

#else

// Not dlsym: before glibc 2.34 it is in libdl, and to load one more library costs every exec more than all the rest
// here. The tables are those of the System V ABI and of its GNU hash section.

#include <elf.h>
#include <link.h>

struct object {
    const char *strings;
    const ElfW(Sym) *symbols;
    const uint16_t *versions;
    // Number of buckets, first symbol that is hashed, words of the filter, shift; then filter, buckets, chains.
    const uint32_t *hash;
};

struct search {
    const struct vs_symbol *wanted;
    size_t count;
    uint64_t missing; // a bit for each
    const char *path; // this library's own, once that has been passed
};

// glibc has made addresses of the offsets, in most objects.
static const void *at(ElfW(Addr) base, ElfW(Addr) address) {
    return (const void *)(uintptr_t)(address < base ? base + address : address);
}

static bool read_object(const struct dl_phdr_info *info, struct object *object) {
    const ElfW(Dyn) *entry = NULL;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
        entry = (const ElfW(Dyn) *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    }
    if (entry == NULL) return false;
    memset(object, 0, sizeof *object);
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *table = at(info->dlpi_addr, entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) object->strings = table;
        else if (entry->d_tag == DT_SYMTAB) object->symbols = table;
        else if (entry->d_tag == DT_GNU_HASH) object->hash = table;
        else if (entry->d_tag == DT_VERSYM) object->versions = table;
    }
    return object->strings != NULL && object->symbols != NULL && object->hash != NULL;
}

static uint32_t hash_of(const char *name) {
    uint32_t hash = 5381;
    for (; *name != '\0'; name++) hash = hash * 33 + (unsigned char)*name;
    return hash;
}

// The symbol of that name that is the function's newest version; NULL if the object has none.
static const ElfW(Sym) *look_up(const struct object *object, const char *name) {
    const uint32_t bucket_count = object->hash[0], first = object->hash[1], words = object->hash[2];
    const ElfW(Addr) *filter = (const ElfW(Addr) *)(const void *)(object->hash + 4);
    const uint32_t *buckets = (const uint32_t *)(const void *)(filter + words);
    const uint32_t *chains = buckets + bucket_count;
    if (bucket_count == 0 || words == 0) return NULL;
    const uint32_t hash = hash_of(name), bits = sizeof(ElfW(Addr)) * 8;
    const ElfW(Addr) word = filter[(hash / bits) % words];
    if (((word >> (hash % bits)) & (word >> ((hash >> object->hash[3]) % bits)) & 1) == 0) return NULL;
    uint32_t number = buckets[hash % bucket_count];
    if (number < first) return NULL;
    for (;; number++) {
        const uint32_t other = chains[number - first];
        const ElfW(Sym) *symbol = &object->symbols[number];
        const bool hidden = object->versions != NULL && (object->versions[number] & 0x8000) != 0;
        if ((other | 1) == (hash | 1) && !hidden && symbol->st_shndx != SHN_UNDEF &&
            (symbol->st_info & 0xf) == STT_FUNC && vs_is_same(object->strings + symbol->st_name, name)) {
            return symbol;
        }
        if ((other & 1) != 0) return NULL;
    }
}

static bool holds_us(const struct dl_phdr_info *info) {
    const ElfW(Addr) own = (ElfW(Addr))(uintptr_t)&vs_find_symbols;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const ElfW(Addr) from = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && own >= from && own - from < segment->p_memsz) return true;
    }
    return false;
}

static int visit(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    if (search->path == NULL) {
        if (holds_us(info)) search->path = info->dlpi_name;
        return 0;
    }
    struct object object;
    if (!read_object(info, &object)) return 0;
    for (size_t i = 0; i < search->count; i++) {
        if ((search->missing >> i & 1) == 0) continue;
        const ElfW(Sym) *symbol = look_up(&object, search->wanted[i].name);
        if (symbol == NULL) continue;
        const ElfW(Addr) address = info->dlpi_addr + symbol->st_value;
        memcpy(search->wanted[i].function, &address, sizeof address);
        search->missing &= ~(1ULL << i);
    }
    return search->missing == 0;
}

const char *vs_find_symbols(const struct vs_symbol *symbols, size_t count) {
    struct search search = {.wanted = symbols, .count = count, .missing = (1ULL << count) - 1};
    dl_iterate_phdr(visit, &search);
    return search.path;
}

#endif
