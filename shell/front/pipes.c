#define _GNU_SOURCE
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hook/client.h"
#include "../hook/message.h"
#include "../hook/protocol.h"
#include "session.h"
#include "signals.h"
#include "stream.h"

static const int PASSED[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, 0};

// How long the last output is waited for after a signal, while others than the program hold its pipes.
#define LINGER_MS 100
// More than a pipe holds: what comes beyond it was written after the end.
#define TAIL_BYTES ((size_t)256 * 1024)
// How long a program that was hung up may take to end.
#define GRACE_MS 2000

static struct vs_stream streams[2];
static int stream_count;

struct run {
    pid_t pid;
    int status;
    bool ended;
    bool told;   // a signal asked for the end
    int64_t deadline; // of the last output, or of a program that was hung up; 0: none
};

static int complain(const char *what, const char *reason) {
    vs_complain(what, strlen(what), reason, "");
    return VS_EXIT_NOT_STARTED;
}

static bool are_one_file(int one, int other) {
    struct stat first, second;
    if (vs_was_closed(one) || vs_was_closed(other)) return false;
    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// A pipe and a filter for one of our descriptors. False: said why.
static bool open_stream(const struct vs_state *session, int to, int *write_end) {
    int ends[2];
    if (pipe(ends) != 0) return complain("cannot make a pipe: ", strerror(errno)), false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    *write_end = ends[1];
    vs_start_stream(&streams[stream_count++], ends[0], vs_open_filter(session, isatty(to) == 1), to);
    return true;
}

static bool open_streams(struct vs_program *program) {
    const bool one = are_one_file(STDOUT_FILENO, STDERR_FILENO);
    if (!vs_was_closed(STDOUT_FILENO) && !open_stream(program->session, STDOUT_FILENO, &program->output)) return false;
    if (one) program->error = program->output;
    else if (!vs_was_closed(STDERR_FILENO) && !open_stream(program->session, STDERR_FILENO, &program->error)) return false;
    char message[512];
    for (int i = 0; i < stream_count; i++) {
        if (vs_await_filter(streams[i].filter, message, sizeof message)) continue;
        complain(message, "");
        return false;
    }
    return true;
}

static void pass(struct run *run, int number) {
    run->told = true;
    // The terminal sends these to every process of the job in front, the program among them; a second one would mean
    // something else.
    if ((number == SIGINT || number == SIGQUIT) && vs_is_in_front()) return;
    if (!run->ended) kill(run->pid, number);
}

static void take_signals(struct run *run) {
    for (int number; (number = vs_next_signal()) != 0;) {
        if (number != SIGCHLD) pass(run, number);
    }
    if (!run->ended && waitpid(run->pid, &run->status, WNOHANG) == run->pid) run->ended = true;
}

static bool is_readable(int fd) {
    struct pollfd wanted = {fd, POLLIN, 0};
    return fd != -1 && poll(&wanted, 1, 0) == 1;
}

// Whatever a signal left behind may hold the pipes for ever.
static void linger(struct run *run) {
    if (!run->told || !run->ended) return;
    if (run->deadline == 0) {
        run->deadline = vs_now_ms() + LINGER_MS;
        for (int i = 0; i < stream_count; i++) streams[i].taken = 0;
    }
    if (vs_now_ms() < run->deadline) return;
    for (int i = 0; i < stream_count; i++) {
        if (streams[i].taken > TAIL_BYTES || !is_readable(streams[i].from)) vs_end_source(&streams[i]);
    }
}

static bool all_over(void) {
    for (int i = 0; i < stream_count; i++) {
        if (!vs_stream_is_over(&streams[i])) return false;
    }
    return true;
}

static bool any_lost(void) {
    for (int i = 0; i < stream_count; i++) {
        if (streams[i].lost) return true;
    }
    return false;
}

static int wait_ms(const struct run *run) {
    if (run->deadline == 0) return -1;
    const int64_t left = run->deadline - vs_now_ms();
    // Past it, whatever still comes is waited for.
    return left <= 0 ? LINGER_MS : (int)left;
}

static void step(struct run *run) {
    struct pollfd polls[1 + 2 * VS_STREAM_POLLS];
    polls[0] = (struct pollfd){vs_signal_fd(), POLLIN, 0};
    for (int i = 0; i < stream_count; i++) vs_stream_polls(&streams[i], polls + 1 + i * VS_STREAM_POLLS);
    const nfds_t count = (nfds_t)(1 + stream_count * VS_STREAM_POLLS);
    if (poll(polls, count, wait_ms(run)) < 0) {
        for (nfds_t i = 0; i < count; i++) polls[i].revents = 0;
    }
    take_signals(run);
    for (int i = 0; i < stream_count; i++) vs_step_stream(&streams[i], polls + 1 + i * VS_STREAM_POLLS);
    linger(run);
}

// Nothing can be shown any more: the program is hung up.
static int give_up(struct run *run) {
    for (int i = 0; i < stream_count; i++) vs_cut_stream(&streams[i]);
    const int64_t deadline = vs_now_ms() + GRACE_MS;
    if (!run->ended) {
        kill(run->pid, SIGHUP);
        kill(run->pid, SIGCONT);
    }
    while (!run->ended) {
        const int64_t left = deadline - vs_now_ms();
        if (left <= 0) kill(run->pid, SIGKILL);
        struct pollfd wanted = {vs_signal_fd(), POLLIN, 0};
        poll(&wanted, 1, left <= 0 ? GRACE_MS : (int)left);
        take_signals(run);
    }
    return complain("the session ended before its program; the rest of the output is not shown", "");
}

int vs_run_in_pipes(struct vs_program *program) {
    if (!vs_catch_signals(PASSED)) return complain("cannot make a pipe: ", strerror(errno));
    if (!open_streams(program)) return VS_EXIT_NOT_STARTED;
    struct run run = {0};
    run.pid = vs_start_child(program);
    if (run.pid == -1) return complain("cannot start a process: ", strerror(errno));
    if (program->output != -1) close(program->output);
    if (program->error != -1 && program->error != program->output) close(program->error);
    while (!run.ended || !all_over()) {
        step(&run);
        if (any_lost()) return give_up(&run);
    }
    for (int i = 0; i < stream_count; i++) {
        if (streams[i].failure != 0) return complain("cannot write the output: ", strerror(streams[i].failure));
    }
    return vs_exit_code(run.status);
}
