// Signals as bytes in a pipe, so that one poll waits for everything.
#ifndef VS_SIGNALS_H
#define VS_SIGNALS_H

#include <stdbool.h>

// Takes over SIGCHLD and those of `numbers` (which end with 0) that are not ignored; SIGPIPE is ignored. False: errno.
bool vs_catch_signals(const int *numbers);

// The descriptor that can be read when there is one.
int vs_signal_fd(void);
// The next one, 0 for none.
int vs_next_signal(void);

// Around a fork: no handler of ours runs in the child before it has the dispositions that we were started with.
void vs_block_signals(void);
void vs_unblock_signals(void);
void vs_restore_signals(void);

// Whether one of our descriptors is our controlling terminal, and we are the job it sends its signals to.
bool vs_is_in_front(void);

#endif
