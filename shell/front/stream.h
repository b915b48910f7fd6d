// One outward stream of a nested session: a program's output goes through a filter of the broker to whoever reads it.
#ifndef VS_STREAM_H
#define VS_STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define VS_STREAM_BYTES 65536
// The OK frame that follows the last byte (docs/protocol.md).
#define VS_TRAILER_BYTES 6

struct vs_buffer {
    size_t at, end;
    char bytes[VS_STREAM_BYTES];
};

struct vs_stream {
    int from;   // pipe or PTY master, never waits; -1: at its end
    int filter; // -1: over, or not yet open
    bool waits; // for a filter, which is not asked for before there is output
    int to;     // whoever reads
    bool to_is_own; // a description of our own that never waits
    bool to_is_socket;
    bool used;     // something went into the filter
    bool said_end; // no more does
    bool lost;     // the session went away before the end
    int failure;   // errno of a write that failed other than for want of a reader
    size_t taken;  // bytes of the program, for who counts
    struct vs_buffer in, out;
};

// `to` stays the caller's; it may be shared with others, so its flags are left alone. Without a filter (-1) it waits for one.
void vs_start_stream(struct vs_stream *stream, int from, int filter, int to);

// What to wait for: three entries, some of them with a descriptor of -1.
#define VS_STREAM_POLLS 3
void vs_stream_polls(const struct vs_stream *stream, struct pollfd *polls);

// Moves what can be moved without waiting.
void vs_step_stream(struct vs_stream *stream, const struct pollfd *polls);

// No more is read of the program.
void vs_end_source(struct vs_stream *stream);

// Drops everything, at once.
void vs_cut_stream(struct vs_stream *stream);

// Output is there, and no filter for it.
bool vs_stream_wants_filter(const struct vs_stream *stream);

bool vs_stream_is_over(const struct vs_stream *stream);

#endif
