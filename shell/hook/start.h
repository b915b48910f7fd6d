// What is done as a program starts, before its main: the functions that this library stands in front of are found, the
// session is remembered.
#ifndef VS_START_H
#define VS_START_H

#include <spawn.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "system.h"
#include "value-file.h"

typedef int vs_spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                              char *const *, char *const *);

// The real functions; NULL where the C library has none.
struct vs_real {
    int (*execve)(const char *, char *const *, char *const *);
    int (*execvpe)(const char *, char *const *, char *const *);
    int (*fexecve)(int, char *const *, char *const *);
    int (*execveat)(int, const char *, char *const *, char *const *, int);
    vs_spawn_function *posix_spawn;
    vs_spawn_function *posix_spawnp;
    vs_waitpid_function *waitpid;
    pid_t (*wait3)(int *, int, struct rusage *);
    pid_t (*wait4)(pid_t, int *, int, struct rusage *);
    int (*waitid)(idtype_t, id_t, siginfo_t *, int);
    vs_close_range_function *close_range;
};

extern struct vs_real vs_real;

// Finds the real functions and reads the session; nothing more.
void vs_load(void);

// For every wrapper: another library's constructor may call it before our own has run.
static inline void vs_be_ready(void) {
    if (vs_real.execve == NULL) vs_load();
}

#endif
