// The watch file: which pids the broker awaits an exit code of (docs/protocol.md).
#ifndef VS_WATCH_H
#define VS_WATCH_H

#include "state.h"

// Tells the broker how a child that was just reaped ended, if it waits for that. `status` is as waitpid
// gives it. errno is kept; nothing that goes wrong here shows.
void vs_saw_end(const struct vs_state *state, pid_t pid, int status);

#endif
