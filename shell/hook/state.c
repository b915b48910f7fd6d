#define _GNU_SOURCE
#include "state.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "environment.h"

// One after the other, and with all other variables in one page: each page that is touched costs every program that
// is started. Long paths get memory of their own.
static char texts[1024];
static size_t texts_used;
static struct vs_state state;
static bool loaded;

// The pid this memory belongs to. It stands in a page that the kernel clears in a forked child (Linux
// 4.14), so that a child without a memory of its own can be told from one with it, however it was made.
static pid_t *owner;
static pid_t owner_without_page;

const struct vs_state *vs_state(void) {
    return __atomic_load_n(&loaded, __ATOMIC_ACQUIRE) ? &state : NULL;
}

// Lasting memory, or NULL.
static char *take_room(size_t bytes) {
    if (bytes <= sizeof texts - texts_used) {
        texts_used += bytes;
        return texts + texts_used - bytes;
    }
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

// Gives a lasting copy of two texts as one; NULL when the second is empty or too long.
static char *keep(const char *first, size_t first_length, const char *second) {
    const size_t length = strlen(second);
    if (length == 0 || first_length >= PATH_MAX || length >= PATH_MAX) return NULL;
    char *text = take_room(first_length + length + 1);
    if (text == NULL) return NULL;
    memcpy(text, first, first_length);
    memcpy(text + first_length, second, length + 1);
    return text;
}

static char *keep_entry(const char *key, const char *value) {
    return keep(key, strlen(key), value);
}

__attribute__((noinline)) static char *keep_absolute(const char *path) {
    char absolute[PATH_MAX];
    return realpath(path, absolute) == NULL ? NULL : keep_entry("", absolute);
}

static char *keep_path(const char *path) {
    // A relative path in LD_PRELOAD means nothing to a child elsewhere.
    return path[0] == '/' ? keep_entry("", path) : keep_absolute(path);
}

// Gives the path of a file in the socket's directory.
static char *keep_beside(const char *socket, const char *name) {
    return keep(socket, (size_t)(strrchr(socket, '/') - socket) + 1, name);
}

static void own_memory(void) {
    *owner = getpid();
}

static void make_owner(void) {
    owner = &owner_without_page;
#ifdef MADV_WIPEONFORK
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map != MAP_FAILED && madvise(map, page, MADV_WIPEONFORK) == 0) owner = map;
    else if (map != MAP_FAILED) munmap(map, page);
#endif
    own_memory();
    // For older kernels, and so that the page is never found empty in a child of a child.
    pthread_atfork(NULL, NULL, own_memory);
}

void vs_load_state(const char *path) {
    static bool tried;
    if (tried) return;
    tried = true;
    const char *socket = getenv("VAULT_SHELL_SOCKET");
    const char *session = getenv("VAULT_SHELL_SESSION");
    if (socket == NULL || session == NULL || socket[0] != '/') return;
    char *own_path = keep_path(path);
    char *socket_entry = keep_entry(VS_SOCKET_KEY, socket);
    char *session_entry = keep_entry(VS_SESSION_KEY, session);
    char *watch = keep_beside(socket, "watch");
    char *starting = keep_beside(socket, "starting");
    if (own_path == NULL || socket_entry == NULL || session_entry == NULL || watch == NULL || starting == NULL) return;
    state.identity.library = own_path;
    state.identity.socket_entry = socket_entry;
    state.identity.session_entry = session_entry;
    state.socket = socket_entry + sizeof VS_SOCKET_KEY - 1;
    state.session = session_entry + sizeof VS_SESSION_KEY - 1;
    state.watch = watch;
    state.starting = starting;
    char *end;
    const long pid = strtol(state.session, &end, 10);
    state.session_pid = *end == '-' && pid > 0 ? (pid_t)pid : -1;
    state.image_pid = getpid();
    make_owner();
    __atomic_store_n(&loaded, true, __ATOMIC_RELEASE);
}

bool vs_shares_memory(void) {
    if (*owner == 0) own_memory(); // forked by a bare system call: the memory is our own
    return *owner != getpid();
}
