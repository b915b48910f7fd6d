// What runs in pipes and what runs in a terminal have in common.
#ifndef VS_RUN_H
#define VS_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "stream.h"

// How long a program that was told to end may take before it is told more firmly.
#define VS_GRACE_MS 2000

struct vs_run {
    pid_t pid;
    int status;
    bool ended;
    int64_t last_output; // when it is no longer waited for; 0: not yet known
    struct vs_stream *streams;
    int stream_count;
};

// One line about what went wrong; gives the exit code for it.
int vs_fail(const char *what, const char *reason);

// Waits for the answer to each filter that was asked for. False: said why.
bool vs_await_filters(const struct vs_run *run);

void vs_reap(struct vs_run *run);

// To be called again and again once the program has ended, where others may hold its outputs for ever: waits for the
// last output, as `cmd > >(cat)` has it a moment late, but not for a server in the background.
void vs_linger(struct vs_run *run);

// All that the program wrote is written.
bool vs_is_done(const struct vs_run *run);
bool vs_is_lost(const struct vs_run *run);

// Until something is to be done, at most: for poll.
int vs_wait_ms(int64_t deadline);

// Nothing can be shown any more: hangs the program up, waits for its end and gives the exit code.
int vs_give_up(struct vs_run *run);

// How it ended, or what of its output could not be written.
int vs_result(const struct vs_run *run);

#endif
