// The session that we are in: what the environment says of it, and filters of its broker.
#ifndef VS_SESSION_H
#define VS_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "../hook/state.h"

#define VS_NO_ANSWER "the session's broker gave no answer: the session has ended, or cannot be reached from here"

enum vs_where {
    VS_OUTSIDE,
    VS_INSIDE,
    VS_LOST, // the environment names a session that nobody can be asked of
};

// Fills in what the hook's client needs of `state`.
enum vs_where vs_find_session(struct vs_state *state);

// An editor asks a login shell for its environment, and will give it to all that it starts: of a session it would name one
// that has ended by then. Never on a terminal, where a person may be.
bool vs_is_asked_for_environment(void);

// Asks for a filter (docs/protocol.md, FILTER): a descriptor that answers later, or -1.
int vs_open_filter(const struct vs_state *state, bool on_terminal);

// Waits for the answer. False: `message` says why there is no filter.
bool vs_await_filter(int fd, char *message, size_t room);

#endif
