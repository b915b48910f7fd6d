#define _GNU_SOURCE
#include "run.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "../hook/client.h"
#include "../hook/message.h"
#include "../hook/protocol.h"
#include "child.h"
#include "session.h"
#include "signals.h"

#define LINGER_MS 100
// More than a PTY or pipe holds: what comes beyond it after the end was written after the end.
#define TAIL_BYTES ((size_t)256 * 1024)

int vs_fail(const char *what, const char *reason) {
    vs_complain(what, strlen(what), reason, "");
    return VS_EXIT_NOT_STARTED;
}

bool vs_await_filters(const struct vs_run *run) {
    char message[512];
    for (int i = 0; i < run->stream_count; i++) {
        if (run->streams[i].waits) continue;
        if (vs_await_filter(run->streams[i].filter, message, sizeof message)) continue;
        vs_fail(message, "");
        return false;
    }
    return true;
}

void vs_reap(struct vs_run *run) {
    if (!run->ended && waitpid(run->pid, &run->status, WNOHANG) == run->pid) run->ended = true;
}

static bool is_readable(int fd) {
    struct pollfd wanted = {fd, POLLIN, 0};
    return fd != -1 && poll(&wanted, 1, 0) == 1;
}

void vs_linger(struct vs_run *run) {
    if (!run->ended) return;
    if (run->last_output == 0) {
        run->last_output = vs_now_ms() + LINGER_MS;
        for (int i = 0; i < run->stream_count; i++) run->streams[i].taken = 0;
    }
    if (vs_now_ms() < run->last_output) return;
    for (int i = 0; i < run->stream_count; i++) {
        struct vs_stream *stream = &run->streams[i];
        if (stream->taken > TAIL_BYTES || !is_readable(stream->from)) vs_end_source(stream);
    }
}

bool vs_is_done(const struct vs_run *run) {
    for (int i = 0; i < run->stream_count; i++) {
        if (!vs_stream_is_over(&run->streams[i])) return false;
    }
    return run->ended;
}

bool vs_is_lost(const struct vs_run *run) {
    for (int i = 0; i < run->stream_count; i++) {
        if (run->streams[i].lost) return true;
    }
    return false;
}

int vs_wait_ms(int64_t deadline) {
    if (deadline == 0) return -1;
    const int64_t left = deadline - vs_now_ms();
    // Past it, what still comes is looked at now and then.
    return left <= 0 ? LINGER_MS : (int)left;
}

int vs_give_up(struct vs_run *run) {
    for (int i = 0; i < run->stream_count; i++) vs_cut_stream(&run->streams[i]);
    if (!run->ended) {
        kill(run->pid, SIGHUP);
        kill(run->pid, SIGCONT);
    }
    const int64_t deadline = vs_now_ms() + VS_GRACE_MS;
    for (vs_reap(run); !run->ended; vs_reap(run)) {
        if (vs_now_ms() >= deadline) kill(run->pid, SIGKILL);
        struct pollfd wanted = {vs_signal_fd(), POLLIN, 0};
        poll(&wanted, 1, vs_wait_ms(deadline));
        while (vs_next_signal() != 0) continue;
    }
    return vs_fail("the session ended before its program; the rest of the output is not shown", "");
}

int vs_result(const struct vs_run *run) {
    for (int i = 0; i < run->stream_count; i++) {
        const int error = run->streams[i].failure;
        if (error != 0) return vs_fail("cannot write the output: ", strerror(error));
    }
    return vs_exit_code(run->status);
}
