// The C library's system(), with its child started and reaped in our sight.
#ifndef VS_SYSTEM_H
#define VS_SYSTEM_H

#include <spawn.h>
#include <sys/types.h>

// Starts /bin/sh; gives 0 or an errno, as posix_spawn.
typedef int vs_spawn_shell_function(pid_t *pid, const posix_spawnattr_t *attributes, char *const *argv);
typedef pid_t vs_waitpid_function(pid_t pid, int *status, int options);

int vs_system(const char *command, vs_spawn_shell_function *spawn_shell, vs_waitpid_function *real_waitpid);

#endif
