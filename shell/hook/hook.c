// The symbols that the preload library puts before the C library's. Each is thin: it hands its
// arguments to launch.c or watch.c and calls the real function. Outside of a session all of them only
// call through. What is wrapped, and why:
//
// - execve and its family, posix_spawn(p): the moment at which a placeholder becomes a value. Each member
//   is wrapped on its own, because inside the C library they call each other past any preload.
// - system: its child must be seen by our posix_spawn and our waitpid; the library's own calls are not.
//   (popen needs nothing: its shell is hooked through the environment.)
// - vfork: its child would run our code in its parent's memory and leave values there. It forks instead.
// - wait, waitpid, wait3, wait4, waitid: only a parent learns how a program ended.
// - close_range, closefrom: who closes all it has as it starts keeps its files of values.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "launch.h"
#include "program.h"
#include "start.h"
#include "state.h"
#include "system.h"
#include "value-file.h"
#include "watch.h"

#define EXPORT __attribute__((visibility("default")))
// With a frame of more than a page: apart, so that a call without a placeholder touches no further page of the stack.
#define APART __attribute__((noinline))

extern char **environ;

APART static int launch_path(const char *path, char *const *argv, char *const *envp) {
    struct vs_launch launch;
    vs_start_launch(&launch, path, argv, envp);
    if (!vs_prepare(&launch)) return -1;
    vs_real.execve(path, launch.argv, launch.envp);
    vs_finish(&launch, errno, 0);
    return -1;
}

static int run_path(const char *path, char *const *argv, char *const *envp) {
    vs_be_ready();
    return vs_is_plain(argv, envp) ? vs_real.execve(path, argv, envp) : launch_path(path, argv, envp);
}

APART static int launch_file(const char *file, char *const *argv, char *const *envp) {
    struct vs_launch launch;
    vs_start_launch(&launch, file, argv, envp);
    launch.search = true;
    if (!vs_prepare(&launch)) return -1;
    // For a shell, the library's own search stays as it is, with its `/bin/sh` for a file without a `#!` line.
    if (launch.located) vs_real.execve(launch.path, launch.argv, launch.envp);
    else vs_real.execvpe(file, launch.argv, launch.envp);
    vs_finish(&launch, errno, 0);
    return -1;
}

static int run_file(const char *file, char *const *argv, char *const *envp) {
    vs_be_ready();
    return vs_is_plain(argv, envp) ? vs_real.execvpe(file, argv, envp) : launch_file(file, argv, envp);
}

// int execve(const char *path, char *const argv[], char *const envp[])
EXPORT int execve(const char *path, char *const *argv, char *const *envp) {
    return run_path(path, argv, envp);
}

// int execv(const char *path, char *const argv[])
EXPORT int execv(const char *path, char *const *argv) {
    return run_path(path, argv, environ);
}

// int execvp(const char *file, char *const argv[])
EXPORT int execvp(const char *file, char *const *argv) {
    return run_file(file, argv, environ);
}

// int execvpe(const char *file, char *const argv[], char *const envp[])
EXPORT int execvpe(const char *file, char *const *argv, char *const *envp) {
    return run_file(file, argv, envp);
}

// int execl(const char *path, const char *arg, ... /* NULL */)
EXPORT int execl(const char *path, const char *arg, ...) {
    struct vs_arguments arguments;
    va_list rest;
    va_start(rest, arg);
    vs_collect_arguments(&arguments, arg, &rest);
    va_end(rest);
    if (arguments.all == NULL) return -1;
    run_path(path, arguments.all, environ);
    vs_unmap(&arguments.many);
    return -1;
}

// int execlp(const char *file, const char *arg, ... /* NULL */)
EXPORT int execlp(const char *file, const char *arg, ...) {
    struct vs_arguments arguments;
    va_list rest;
    va_start(rest, arg);
    vs_collect_arguments(&arguments, arg, &rest);
    va_end(rest);
    if (arguments.all == NULL) return -1;
    run_file(file, arguments.all, environ);
    vs_unmap(&arguments.many);
    return -1;
}

// int execle(const char *path, const char *arg, ... /* NULL, char *const envp[] */)
EXPORT int execle(const char *path, const char *arg, ...) {
    struct vs_arguments arguments;
    va_list rest;
    va_start(rest, arg);
    vs_collect_arguments(&arguments, arg, &rest);
    char *const *envp = arguments.all == NULL ? NULL : va_arg(rest, char *const *);
    va_end(rest);
    if (arguments.all == NULL) return -1;
    run_path(path, arguments.all, envp);
    vs_unmap(&arguments.many);
    return -1;
}

// int fexecve(int fd, char *const argv[], char *const envp[])
EXPORT int fexecve(int fd, char *const *argv, char *const *envp) {
    vs_be_ready();
    char buffer[64];
    struct vs_launch launch;
    vs_start_launch(&launch, vs_path_at(buffer, sizeof buffer, fd, ""), argv, envp);
    if (!vs_prepare(&launch)) return -1;
    vs_real.fexecve(fd, launch.argv, launch.envp);
    vs_finish(&launch, errno, 0);
    return -1;
}

// int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
EXPORT int execveat(int fd, const char *path, char *const *argv, char *const *envp, int flags) {
    vs_be_ready();
    char buffer[PATH_MAX];
    struct vs_launch launch;
    vs_start_launch(&launch, vs_path_at(buffer, sizeof buffer, fd, path), argv, envp);
    if (!vs_prepare(&launch)) return -1;
    if (vs_real.execveat != NULL) vs_real.execveat(fd, path, launch.argv, launch.envp, flags);
#ifdef SYS_execveat
    else syscall(SYS_execveat, fd, path, launch.argv, launch.envp, flags);
#else
    else errno = ENOSYS;
#endif
    vs_finish(&launch, errno, 0);
    return -1;
}

APART static int launch_child(pid_t *pid, const char *file, bool search, const posix_spawn_file_actions_t *actions,
                              const posix_spawnattr_t *attributes, char *const *argv, char *const *envp) {
    const int saved = errno; // the error is returned; errno is the caller's own
    pid_t child = 0;
    int error;
    struct vs_launch launch;
    vs_start_launch(&launch, file, argv, envp);
    launch.search = search;
    launch.spawn = true;
    launch.actions = actions;
    if (!vs_prepare(&launch)) {
        error = errno;
    } else {
        const bool found = launch.located || !search;
        error = (found ? vs_real.posix_spawn : vs_real.posix_spawnp)(
            &child, launch.located ? launch.path : file, launch.actions, attributes, launch.argv, launch.envp);
        vs_finish(&launch, error, child);
        if (error == 0 && pid != NULL) *pid = child;
    }
    errno = saved;
    return error;
}

static int spawn(pid_t *pid, const char *file, bool search, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const *argv, char *const *envp) {
    vs_be_ready();
    if (!vs_is_plain(argv, envp)) return launch_child(pid, file, search, actions, attributes, argv, envp);
    return (search ? vs_real.posix_spawnp : vs_real.posix_spawn)(pid, file, actions, attributes, argv, envp);
}

// int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
//                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const *argv, char *const *envp) {
    return spawn(pid, path, false, actions, attributes, argv, envp);
}

// int posix_spawnp(pid_t *pid, const char *file, ...as posix_spawn)
EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const *argv, char *const *envp) {
    return spawn(pid, file, true, actions, attributes, argv, envp);
}

// pid_t vfork(void)
EXPORT pid_t vfork(void) {
    return fork();
}

static int spawn_shell(pid_t *pid, const posix_spawnattr_t *attributes, char *const *argv) {
    return spawn(pid, "/bin/sh", false, NULL, attributes, argv, environ);
}

// int system(const char *command)
EXPORT int system(const char *command) {
    vs_be_ready();
    return vs_system(command, spawn_shell, vs_real.waitpid);
}

// pid_t waitpid(pid_t pid, int *status, int options)
EXPORT pid_t waitpid(pid_t pid, int *status, int options) {
    vs_be_ready();
    int own = 0;
    const pid_t got = vs_real.waitpid(pid, &own, options);
    if (got > 0) {
        if (status != NULL) *status = own;
        vs_saw_end(vs_state(), got, own);
    }
    return got;
}

// pid_t wait(int *status)
EXPORT pid_t wait(int *status) {
    return waitpid(-1, status, 0);
}

// pid_t wait3(int *status, int options, struct rusage *usage)
EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
    vs_be_ready();
    int own = 0;
    const pid_t got = vs_real.wait3(&own, options, usage);
    if (got > 0) {
        if (status != NULL) *status = own;
        vs_saw_end(vs_state(), got, own);
    }
    return got;
}

// pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    vs_be_ready();
    int own = 0;
    const pid_t got = vs_real.wait4(pid, &own, options, usage);
    if (got > 0) {
        if (status != NULL) *status = own;
        vs_saw_end(vs_state(), got, own);
    }
    return got;
}

// int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    vs_be_ready();
    siginfo_t own;
    own.si_pid = 0; // left as it is by some kernels when WNOHANG finds nothing
    siginfo_t *ended = info == NULL ? &own : info;
    if (info != NULL) info->si_pid = 0;
    const int result = vs_real.waitid(type, id, ended, options);
    if (result == 0 && (options & WNOWAIT) == 0 && ended->si_pid > 0) {
        const int status = ended->si_status;
        if (ended->si_code == CLD_EXITED) vs_saw_end(vs_state(), ended->si_pid, (status & 0xff) << 8);
        if (ended->si_code == CLD_KILLED) vs_saw_end(vs_state(), ended->si_pid, status & 0x7f);
        if (ended->si_code == CLD_DUMPED) vs_saw_end(vs_state(), ended->si_pid, (status & 0x7f) | 0x80);
    }
    return result;
}

// ssh closes all it has not opened as it starts, and would then find no key. A child that closes all
// before its exec means what it says.
static bool spares_files(unsigned last, int flags) {
    const struct vs_state *state = vs_state();
    return state != NULL && flags == 0 && last >= INT_MAX && state->image_pid == getpid();
}

// int close_range(unsigned first, unsigned last, int flags)
EXPORT int close_range(unsigned first, unsigned last, int flags) {
    vs_be_ready();
    if (vs_real.close_range == NULL) {
        errno = ENOSYS;
        return -1;
    }
    if (spares_files(last, flags)) return vs_close_all(first, last, vs_real.close_range);
    return vs_real.close_range(first, last, flags);
}

// void closefrom(int lowest)
EXPORT void closefrom(int lowest) {
    if (close_range(lowest < 0 ? 0 : (unsigned)lowest, UINT_MAX, 0) == 0) return;
    // An older kernel.
    for (long fd = lowest < 0 ? 0 : lowest, end = sysconf(_SC_OPEN_MAX); fd < end; fd++) close((int)fd);
}
