#define _GNU_SOURCE
#include "state.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "environment.h"

// glibc 2.34 moved dladdr into libc under a new version; the old one is found on both sides of that.
#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver dladdr,dladdr@GLIBC_2.2.5");
#elif defined(__linux__) && defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver dladdr,dladdr@GLIBC_2.17");
#endif

static char library[PATH_MAX];
static char socket_entry[sizeof VS_SOCKET_KEY + PATH_MAX];
static char session_entry[sizeof VS_SESSION_KEY + 128];
static char watch_path[PATH_MAX], starting_path[PATH_MAX];
static struct vs_state state;
static bool loaded;

// The pid this memory belongs to. It stands in a page that the kernel clears in a forked child (Linux
// 4.14), so that a child without a memory of its own can be told from one with it, however it was made.
static pid_t *owner;
static pid_t owner_without_page;

const struct vs_state *vs_state(void) {
    return __atomic_load_n(&loaded, __ATOMIC_ACQUIRE) ? &state : NULL;
}

static bool copy(char *to, size_t room, const char *key, const char *value) {
    const size_t key_length = strlen(key), length = strlen(value);
    if (length == 0 || key_length + length >= room) return false;
    memcpy(to, key, key_length);
    memcpy(to + key_length, value, length + 1);
    return true;
}

static bool find_library(void) {
    Dl_info info;
    if (dladdr((void *)(uintptr_t)&vs_load_state, &info) == 0 || info.dli_fname == NULL) return false;
    // A relative path in LD_PRELOAD means nothing to a child elsewhere.
    if (info.dli_fname[0] != '/') return realpath(info.dli_fname, library) != NULL;
    return copy(library, sizeof library, "", info.dli_fname);
}

// The path of a file in the socket's directory.
static bool beside_socket(char path[PATH_MAX], const char *name) {
    const size_t directory = (size_t)(strrchr(state.socket, '/') - state.socket) + 1, length = strlen(name);
    if (directory + length >= PATH_MAX) return false;
    memcpy(path, state.socket, directory);
    memcpy(path + directory, name, length + 1);
    return true;
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

void vs_load_state(void) {
    static bool tried;
    if (tried) return;
    tried = true;
    const char *socket = getenv("VAULT_SHELL_SOCKET");
    const char *session = getenv("VAULT_SHELL_SESSION");
    if (socket == NULL || session == NULL || socket[0] != '/') return;
    if (!copy(socket_entry, sizeof socket_entry, VS_SOCKET_KEY, socket)) return;
    if (!copy(session_entry, sizeof session_entry, VS_SESSION_KEY, session)) return;
    if (!find_library()) return;
    state.identity.library = library;
    state.identity.socket_entry = socket_entry;
    state.identity.session_entry = session_entry;
    state.socket = socket_entry + sizeof VS_SOCKET_KEY - 1;
    state.session = session_entry + sizeof VS_SESSION_KEY - 1;
    if (!beside_socket(watch_path, "watch") || !beside_socket(starting_path, "starting")) return;
    state.watch = watch_path;
    state.starting = starting_path;
    char *end;
    const long pid = strtol(state.session, &end, 10);
    state.session_pid = *end == '-' && pid > 0 ? (pid_t)pid : -1;
    make_owner();
    __atomic_store_n(&loaded, true, __ATOMIC_RELEASE);
}

bool vs_shares_memory(void) {
    if (*owner == 0) own_memory(); // forked by a bare system call: the memory is our own
    return *owner != getpid();
}
