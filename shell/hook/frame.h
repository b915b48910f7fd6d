// Frames of the hook's protocol in memory: pure, no system call.
#ifndef VS_FRAME_H
#define VS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names.h"

// Writes into `bytes`, or only counts when `bytes` is NULL: the same code measures and writes.
struct vs_writer {
    unsigned char *bytes;
    size_t used;
};

void vs_put_u32(struct vs_writer *writer, uint32_t value);
// `length` bytes of `text` after their length.
void vs_put_string(struct vs_writer *writer, const char *text, size_t length);
// Starts a frame; vs_end_frame fills in its length. False: the frame is longer than the protocol allows.
void vs_begin_frame(struct vs_writer *writer, unsigned char type);
bool vs_end_frame(struct vs_writer *writer);

struct vs_request {
    uint32_t pid, ppid, flags;
    const char *session;
    const char *cwd;
    const char *program;
    char *const *argv;
    const struct vs_names *names;
};

// A RESOLVE frame. False: too long to be sent.
bool vs_put_resolve(struct vs_writer *writer, const struct vs_request *request);

// What an answer says. `text` lies in the frame that was parsed and has no terminator.
struct vs_answer {
    unsigned char type;
    const char *text; // DENIED: the message; VALUES: the grant
    uint32_t text_length;
};

// Reads the answer in `frame` (what follows its length field). VALUES: puts each value into `names`, as
// a pointer into `frame`, or marks the name as one left as text. False for anything odd: short, too long, another version, a wrong count.
bool vs_parse_answer(const unsigned char *frame, size_t length, struct vs_names *names,
                     struct vs_answer *answer);

#endif
