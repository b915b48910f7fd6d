#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hook/message.h"
#include "signals.h"
#include "variables.h"

static bool closed[3];

void vs_fill_standard_streams(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) != -1) continue;
        closed[fd] = true;
        // The lowest that is free: this one.
        (void)open("/dev/null", O_RDWR);
    }
}

bool vs_was_closed(int fd) {
    return closed[fd];
}

int vs_exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static _Noreturn void fail(const char *what, const struct vs_program *program, int code) {
    vs_complain(what, strlen(what), program->file, "");
    _exit(code);
}

static void close_again(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (closed[fd]) close(fd);
    }
}

static void take_streams(const struct vs_program *program) {
    if (program->terminal != -1) {
        setsid();
        ioctl(program->terminal, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++) dup2(program->terminal, fd);
        return;
    }
    if (program->output != -1) dup2(program->output, STDOUT_FILENO);
    if (program->error != -1) dup2(program->error, STDERR_FILENO);
    close_again();
}

static _Noreturn void execute(const struct vs_program *program) {
    char **environment = vs_make_variables(program);
    if (environment == NULL) _exit(126);
    // Not execve: a file without a `#!` line is /bin/sh's, as everywhere.
    execvpe(program->file, program->argv, environment);
    const int error = errno;
    vs_drop_variables(error);
    // The hook has said what it refused; that there is something to execute was known before.
    if (error == EACCES) _exit(126);
    if (error == ENOENT) fail("command not found: ", program, 127);
    fail(error == E2BIG ? "too many arguments for " : "cannot execute ", program, 126);
}

void vs_run_alone(const struct vs_program *program) {
    close_again();
    execute(program);
}

pid_t vs_start_child(const struct vs_program *program) {
    vs_block_signals();
    const pid_t pid = fork();
    if (pid == 0) {
        vs_restore_signals();
        take_streams(program);
        execute(program);
    }
    const int saved = errno;
    vs_unblock_signals();
    errno = saved;
    return pid;
}
