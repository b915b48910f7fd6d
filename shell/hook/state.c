#define _GNU_SOURCE
#include "state.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "environment.h"
#include "text.h"

extern char **environ;

// One after the other, and with all other variables in one page: each page that is touched costs every program that
// is started. Long texts get memory of their own.
static char texts[512];
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

// Gives a lasting copy of a text; NULL when it is too long.
static char *keep(const char *text) {
    const size_t length = strlen(text);
    char *copy = length >= PATH_MAX ? NULL : take_room(length + 1);
    return copy == NULL ? NULL : memcpy(copy, text, length + 1);
}

__attribute__((noinline)) static char *keep_absolute(const char *path) {
    char absolute[PATH_MAX];
    return realpath(path, absolute) == NULL ? NULL : keep(absolute);
}

static char *keep_path(const char *path) {
    if (path == NULL) return NULL;
    // A relative path in LD_PRELOAD means nothing to a child elsewhere.
    return path[0] == '/' ? keep(path) : keep_absolute(path);
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

// `<pid>-...`
static pid_t pid_of(const char *session) {
    long pid = 0;
    for (; *session >= '0' && *session <= '9' && pid < INT_MAX / 10; session++) pid = pid * 10 + (*session - '0');
    return *session == '-' && pid > 0 ? (pid_t)pid : -1;
}

void vs_load_state(const char *path) {
    static bool tried;
    if (tried) return;
    tried = true;
    const char *socket = NULL, *session = NULL;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (socket == NULL && vs_after(*entry, VS_SOCKET_KEY) != NULL) socket = *entry;
        if (session == NULL && vs_after(*entry, VS_SESSION_KEY) != NULL) session = *entry;
    }
    if (socket == NULL || socket[sizeof VS_SOCKET_KEY - 1] != '/') return;
    if (session == NULL || session[sizeof VS_SESSION_KEY - 1] == '\0') return;
    state.identity.library = keep_path(path);
    state.identity.socket_entry = keep(socket);
    state.identity.session_entry = keep(session);
    if (state.identity.library == NULL || state.identity.socket_entry == NULL || state.identity.session_entry == NULL) return;
    state.socket = state.identity.socket_entry + sizeof VS_SOCKET_KEY - 1;
    state.session = state.identity.session_entry + sizeof VS_SESSION_KEY - 1;
    state.session_pid = pid_of(state.session);
    make_owner();
    state.image_pid = *owner;
    __atomic_store_n(&loaded, true, __ATOMIC_RELEASE);
}

bool vs_path_beside(char *path, const struct vs_state *known, const char *name) {
    const size_t directory = (size_t)(strrchr(known->socket, '/') - known->socket) + 1, length = strlen(name);
    if (directory + length >= PATH_MAX) return false;
    memcpy(path, known->socket, directory);
    memcpy(path + directory, name, length + 1);
    return true;
}

bool vs_shares_memory(void) {
    if (*owner == 0) own_memory(); // forked by a bare system call: the memory is our own
    return *owner != getpid();
}
