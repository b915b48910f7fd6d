#define _GNU_SOURCE
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hook/protocol.h"
#include "run.h"
#include "session.h"
#include "signals.h"

static const int PASSED[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, 0};

static struct vs_stream streams[2];

static bool are_one_file(int one, int other) {
    struct stat first, second;
    if (vs_was_closed(one) || vs_was_closed(other)) return false;
    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// A pipe for one of our descriptors, and a filter for the first: most programs write nothing to the other, and a start takes
// half as long with one. Whether the session is there is known by then. False: said why.
static bool open_stream(struct vs_run *run, const struct vs_state *session, int to, int *write_end) {
    int ends[2];
    if (pipe(ends) != 0) return vs_fail("cannot make a pipe: ", strerror(errno)), false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    *write_end = ends[1];
    int filter = -1;
    if (run->stream_count == 0) {
        filter = vs_open_filter(session, isatty(to) == 1);
        if (filter == -1) return vs_fail(VS_NO_ANSWER, ""), false;
    }
    vs_start_stream(&streams[run->stream_count++], ends[0], filter, to);
    return true;
}

static void open_filters(struct vs_run *run, const struct vs_state *session) {
    for (int i = 0; i < run->stream_count; i++) {
        struct vs_stream *stream = &streams[i];
        if (!vs_stream_wants_filter(stream)) continue;
        char message[512];
        stream->waits = false;
        stream->filter = vs_open_filter(session, isatty(stream->to) == 1);
        if (vs_await_filter(stream->filter, message, sizeof message)) continue;
        vs_cut_stream(stream);
        stream->lost = true;
    }
}

static bool open_streams(struct vs_run *run, struct vs_program *program) {
    const bool one = are_one_file(STDOUT_FILENO, STDERR_FILENO);
    if (!vs_was_closed(STDOUT_FILENO) && !open_stream(run, program->session, STDOUT_FILENO, &program->output)) return false;
    if (one) program->error = program->output;
    else if (!vs_was_closed(STDERR_FILENO) && !open_stream(run, program->session, STDERR_FILENO, &program->error)) return false;
    return vs_await_filters(run);
}

static void pass(const struct vs_run *run, int number) {
    // The terminal sends these to every process of the job in front, the program among them; a second one would mean
    // something else.
    if ((number == SIGINT || number == SIGQUIT) && vs_is_in_front()) return;
    if (!run->ended) kill(run->pid, number);
}

// Gives whether one of them asked for the end.
static bool take_signals(struct vs_run *run) {
    bool told = false;
    for (int number; (number = vs_next_signal()) != 0;) {
        if (number == SIGCHLD) continue;
        told = true;
        pass(run, number);
    }
    vs_reap(run);
    return told;
}

int vs_run_in_pipes(struct vs_program *program) {
    struct vs_run run = {.streams = streams};
    if (!vs_catch_signals(PASSED)) return vs_fail("cannot make a pipe: ", strerror(errno));
    if (!open_streams(&run, program)) return VS_EXIT_NOT_STARTED;
    run.pid = vs_start_child(program);
    if (run.pid == -1) return vs_fail("cannot start a process: ", strerror(errno));
    if (program->output != -1) close(program->output);
    if (program->error != -1 && program->error != program->output) close(program->error);
    bool told = false;
    while (!vs_is_done(&run)) {
        struct pollfd polls[1 + 2 * VS_STREAM_POLLS] = {{vs_signal_fd(), POLLIN, 0}};
        for (int i = 0; i < run.stream_count; i++) vs_stream_polls(&streams[i], polls + 1 + i * VS_STREAM_POLLS);
        const bool came = poll(polls, (nfds_t)(1 + run.stream_count * VS_STREAM_POLLS), vs_wait_ms(run.last_output)) > 0;
        if (take_signals(&run)) told = true;
        for (int i = 0; came && i < run.stream_count; i++) vs_step_stream(&streams[i], polls + 1 + i * VS_STREAM_POLLS);
        open_filters(&run, program->session);
        if (vs_is_lost(&run)) return vs_give_up(&run);
        // Whatever a signal left behind may hold the pipes for ever; else they are waited for.
        if (told) vs_linger(&run);
    }
    return vs_result(&run);
}
