// Talking to the session's broker: one connection, one request, one answer, all within a time.
// No heap, no stdio, no signal handler; errno is kept by all but vs_ask.
#ifndef VS_CLIENT_H
#define VS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "memory.h"
#include "state.h"

// Sends `request` and gives the answer. `frame` holds what `answer` and `names` point into: the caller
// unmaps it. False: no answer that makes sense within `timeout_ms`.
bool vs_ask(const struct vs_state *state, const struct vs_writer *request, int timeout_ms,
            struct vs_names *names, struct vs_map *frame, struct vs_answer *answer);

// The parts of vs_ask, for a connection that goes on after its answer (the front end's).
int64_t vs_now_ms(void);
// A close-on-exec descriptor, or -1.
int vs_connect(const char *path, int timeout_ms);
bool vs_exchange(int fd, const struct vs_writer *request, int64_t deadline, struct vs_map *frame);

enum vs_greeting { VS_WELCOME, VS_UNWELCOME, VS_UNHEARD };
// HELLO. `message` gets the reason of VS_UNWELCOME.
enum vs_greeting vs_say_hello(const struct vs_state *state, char *message, size_t room);

// What became of a grant, or of a child. Best effort: nothing depends on the answer.
void vs_report_spawned(const struct vs_state *state, const char *grant, int pid);
void vs_report_failed(const struct vs_state *state, const char *grant, int error);
void vs_report_reaped(const struct vs_state *state, int pid, int status);

#endif
