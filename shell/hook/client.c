#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"

int64_t vs_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int vs_connect(const char *path, int timeout_ms) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return -1;
    memcpy(address.sun_path, path, length + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) return -1;
    // Bounds connect and send; what is received is bounded by poll, against one deadline.
    const struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    while (connect(fd, (const struct sockaddr *)&address, sizeof address) == -1) {
        if (errno == EINTR) continue;
        close(fd);
        return -1;
    }
    return fd;
}

// False only for an error other than a peer that no longer listens: it may have answered already.
static bool send_all(int fd, const unsigned char *bytes, size_t length) {
    while (length > 0) {
        const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent == -1) {
            if (errno == EINTR) continue;
            return errno == EPIPE;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int fd, void *buffer, size_t length, int64_t deadline) {
    unsigned char *bytes = buffer;
    while (length > 0) {
        const int64_t left = deadline - vs_now_ms();
        if (left <= 0) return false;
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wanted, 1, (int)left);
        if (ready == -1 && errno == EINTR) continue;
        if (ready != 1) return false;
        const ssize_t got = recv(fd, bytes, length, MSG_DONTWAIT);
        if (got == -1 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return false;
        bytes += got;
        length -= (size_t)got;
    }
    return true;
}

bool vs_exchange(int fd, const struct vs_writer *request, int64_t deadline, struct vs_map *frame) {
    unsigned char head[4];
    if (!send_all(fd, request->bytes, request->used)) return false;
    if (!receive_all(fd, head, sizeof head, deadline)) return false;
    const size_t length = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
                          (size_t)head[3] << 24;
    if (length < 2 || length > VS_MAX_FRAME_BYTES) return false;
    if (!vs_map(frame, length)) return false;
    return receive_all(fd, frame->base, length, deadline);
}

bool vs_ask(const struct vs_state *state, const struct vs_writer *request, int timeout_ms,
            struct vs_names *names, struct vs_map *frame, struct vs_answer *answer) {
    frame->base = NULL;
    const int64_t deadline = vs_now_ms() + timeout_ms;
    const int fd = vs_connect(state->socket, timeout_ms);
    if (fd == -1) return false;
    const bool answered = vs_exchange(fd, request, deadline, frame);
    close(fd);
    return answered && vs_parse_answer(frame->base, frame->size, names, answer);
}

// A request of a few words: it fits on the stack, and its answer has no values.
#define SMALL_FRAME_BYTES 512

enum vs_greeting vs_say_hello(const struct vs_state *state, char *message, size_t room) {
    unsigned char bytes[SMALL_FRAME_BYTES];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_HELLO);
    vs_put_u32(&writer, (uint32_t)getpid());
    vs_put_u32(&writer, (uint32_t)getppid());
    vs_put_string(&writer, state->session, strlen(state->session));
    vs_end_frame(&writer);
    struct vs_map frame;
    struct vs_answer answer;
    enum vs_greeting greeting = VS_UNHEARD;
    if (vs_ask(state, &writer, VS_HELLO_TIMEOUT_MS, NULL, &frame, &answer)) {
        if (answer.type == VS_TYPE_OK) greeting = VS_WELCOME;
        if (answer.type == VS_TYPE_DENIED) {
            const size_t length = answer.text_length < room - 1 ? answer.text_length : room - 1;
            memcpy(message, answer.text, length);
            message[length] = '\0';
            greeting = VS_UNWELCOME;
        }
    }
    vs_unmap(&frame);
    return greeting;
}

static void report(const struct vs_state *state, struct vs_writer *writer) {
    const int saved = errno;
    struct vs_map frame;
    struct vs_answer answer;
    vs_end_frame(writer);
    vs_ask(state, writer, VS_REPORT_TIMEOUT_MS, NULL, &frame, &answer);
    vs_unmap(&frame);
    errno = saved;
}

void vs_report_spawned(const struct vs_state *state, const char *grant, int pid) {
    unsigned char bytes[SMALL_FRAME_BYTES];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_SPAWNED);
    vs_put_string(&writer, grant, strlen(grant));
    vs_put_u32(&writer, (uint32_t)pid);
    vs_put_u32(&writer, (uint32_t)getpid());
    report(state, &writer);
}

void vs_report_failed(const struct vs_state *state, const char *grant, int error) {
    unsigned char bytes[SMALL_FRAME_BYTES];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_FAILED);
    vs_put_string(&writer, grant, strlen(grant));
    vs_put_u32(&writer, (uint32_t)error);
    report(state, &writer);
}

void vs_report_reaped(const struct vs_state *state, int pid, int status) {
    unsigned char bytes[SMALL_FRAME_BYTES];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_REAPED);
    vs_put_u32(&writer, (uint32_t)pid);
    vs_put_u32(&writer, (uint32_t)getpid());
    vs_put_u32(&writer, (uint32_t)status);
    report(state, &writer);
}
