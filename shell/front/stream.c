#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hook/protocol.h"

// To a descriptor that may wait no more goes at once than a pipe that can be written to takes for sure.
#define SMALL_BYTES 512

static void close_end(int *fd) {
    if (*fd != -1) close(*fd);
    *fd = -1;
}

// A pipe or terminal is opened a second time, as a description of our own, so that it need not wait.
static int reopen(int to) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", to);
    return open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

void vs_start_stream(struct vs_stream *stream, int from, int filter, int to) {
    stream->from = from;
    stream->filter = filter;
    stream->waits = filter == -1;
    stream->to = to;
    stream->to_is_own = stream->to_is_socket = stream->used = stream->said_end = stream->lost = false;
    stream->failure = 0;
    stream->taken = stream->in.at = stream->in.end = stream->out.at = stream->out.end = 0;
    fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
    struct stat status;
    if (fstat(to, &status) != 0) return;
    stream->to_is_socket = S_ISSOCK(status.st_mode);
    if (!S_ISFIFO(status.st_mode) && !isatty(to)) return;
    const int own = reopen(to);
    if (own == -1) return;
    stream->to = own;
    stream->to_is_own = true;
}

static size_t held(const struct vs_stream *stream) {
    // After our end the last bytes may be the trailer.
    const size_t left = stream->out.end - stream->out.at;
    if (!stream->said_end || stream->filter == -1) return 0;
    return left < VS_TRAILER_BYTES ? left : VS_TRAILER_BYTES;
}

static size_t writable(const struct vs_stream *stream) {
    return stream->out.end - stream->out.at - held(stream);
}

void vs_stream_polls(const struct vs_stream *stream, struct pollfd *polls) {
    const bool full = stream->in.end > 0;
    polls[0] = (struct pollfd){full ? -1 : stream->from, POLLIN, 0};
    short wanted = 0;
    if (full) wanted |= POLLOUT;
    if (writable(stream) == 0) wanted |= POLLIN;
    polls[1] = (struct pollfd){wanted == 0 ? -1 : stream->filter, wanted, 0};
    polls[2] = (struct pollfd){writable(stream) == 0 ? -1 : stream->to, POLLOUT, 0};
}

static bool is_for_later(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void read_program(struct vs_stream *stream) {
    const ssize_t got = read(stream->from, stream->in.bytes, sizeof stream->in.bytes);
    if (got > 0) {
        stream->in.end = (size_t)got;
        stream->taken += (size_t)got;
    } else if (got == 0 || !is_for_later()) {
        // EIO: a PTY whose other end nobody holds any more.
        close_end(&stream->from);
    }
}

static void lose(struct vs_stream *stream) {
    vs_cut_stream(stream);
    stream->lost = true;
}

static void feed_filter(struct vs_stream *stream) {
    struct vs_buffer *in = &stream->in;
    while (in->at < in->end) {
        const ssize_t sent = send(stream->filter, in->bytes + in->at, in->end - in->at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == -1) {
            if (!is_for_later()) lose(stream);
            return;
        }
        stream->used = true;
        in->at += (size_t)sent;
    }
    in->at = in->end = 0;
}

static void say_end(struct vs_stream *stream) {
    if (stream->from == -1 && stream->in.end == 0) stream->waits = false;
    if (stream->from != -1 || stream->in.end > 0 || stream->filter == -1 || stream->said_end) return;
    stream->said_end = true;
    // Of nothing there is no rest to wait for.
    if (stream->used) shutdown(stream->filter, SHUT_WR);
    else close_end(&stream->filter);
}

static void finish(struct vs_stream *stream) {
    static const char OK[VS_TRAILER_BYTES] = {2, 0, 0, 0, VS_PROTOCOL_VERSION, VS_TYPE_OK};
    struct vs_buffer *out = &stream->out;
    if (held(stream) < sizeof OK || memcmp(out->bytes + out->end - sizeof OK, OK, sizeof OK) != 0) {
        lose(stream);
        return;
    }
    out->end -= sizeof OK;
    close_end(&stream->filter);
}

static void read_filter(struct vs_stream *stream) {
    struct vs_buffer *out = &stream->out;
    memmove(out->bytes, out->bytes + out->at, out->end - out->at);
    out->end -= out->at;
    out->at = 0;
    const ssize_t got = recv(stream->filter, out->bytes + out->end, sizeof out->bytes - out->end, MSG_DONTWAIT);
    if (got > 0) out->end += (size_t)got;
    else if (got == 0) finish(stream);
    else if (!is_for_later()) lose(stream);
}

static ssize_t write_some(const struct vs_stream *stream, const char *bytes, size_t length) {
    if (stream->to_is_socket) return send(stream->to, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    struct stat status;
    const bool may_wait = !stream->to_is_own && fstat(stream->to, &status) == 0 && !S_ISREG(status.st_mode);
    return write(stream->to, bytes, may_wait && length > SMALL_BYTES ? SMALL_BYTES : length);
}

static void write_reader(struct vs_stream *stream) {
    const ssize_t put = write_some(stream, stream->out.bytes + stream->out.at, writable(stream));
    if (put >= 0) {
        stream->out.at += (size_t)put;
        return;
    }
    if (is_for_later()) return;
    // A reader that went away is nothing to speak of. The program hears of it, as its output is closed.
    if (errno != EPIPE && errno != EIO && errno != ECONNRESET) stream->failure = errno;
    vs_cut_stream(stream);
}

void vs_step_stream(struct vs_stream *stream, const struct pollfd *polls) {
    if (polls[2].revents != 0 && writable(stream) > 0) write_reader(stream);
    if (polls[0].revents != 0 && stream->from != -1) read_program(stream);
    if (stream->filter != -1 && stream->in.end > 0) feed_filter(stream);
    say_end(stream);
    if ((polls[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && stream->filter != -1 && writable(stream) == 0) {
        read_filter(stream);
    }
}

void vs_end_source(struct vs_stream *stream) {
    close_end(&stream->from);
    say_end(stream);
}

void vs_cut_stream(struct vs_stream *stream) {
    close_end(&stream->from);
    close_end(&stream->filter);
    stream->waits = false;
    stream->in.at = stream->in.end = stream->out.at = stream->out.end = 0;
    if (stream->to_is_own) close_end(&stream->to);
    stream->to_is_own = false;
}

bool vs_stream_is_over(const struct vs_stream *stream) {
    return stream->filter == -1 && !stream->waits && stream->out.at == stream->out.end;
}

bool vs_stream_wants_filter(const struct vs_stream *stream) {
    return stream->waits && stream->in.end > 0;
}
