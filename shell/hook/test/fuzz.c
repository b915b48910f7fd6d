// Feeds frames to the part of the hook that reads what a broker answers: `fuzz N SEED [SOCKET]`. With a socket it asks
// whoever listens there N times, as the hook does; without, it parses N answers of its own. Built with ASan and
// UBSan; prints how many were taken for values.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../client.h"
#include "../frame.h"
#include "../protocol.h"

#define NAMES 3
#define MAX_BYTES 512

static uint64_t state;

static uint32_t below(uint32_t limit) {
    state ^= state << 13; // xorshift64
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % limit;
}

static void start_names(struct vs_names *names, struct vs_name *items) {
    memset(items, 0, NAMES * sizeof *items);
    memset(names, 0, sizeof *names);
    items[NAMES - 1].exposures = VS_EXPOSURE_OPTIONAL; // the only one that may be left as text
    names->items = items;
    names->count = NAMES;
}

// What was parsed lies within the frame: every byte is read, so that ASan sees one that does not.
static unsigned touch(const struct vs_names *names, const struct vs_answer *answer) {
    unsigned sum = 0;
    for (uint32_t i = 0; i < answer->text_length; i++) sum += (unsigned char)answer->text[i];
    for (uint32_t n = 0; answer->type == VS_TYPE_VALUES && n < names->count; n++) {
        for (uint32_t i = 0; i < names->items[n].value_length; i++) sum += (unsigned char)names->items[n].value[i];
    }
    return sum;
}

// A good answer of any type, then as many mistakes as chance has it, in memory of exactly its size.
static unsigned char *make_answer(size_t *length) {
    static const unsigned char TYPES[] = {VS_TYPE_OK, VS_TYPE_VALUES, VS_TYPE_VALUES, VS_TYPE_DENIED, 99};
    unsigned char bytes[MAX_BYTES];
    struct vs_writer writer = {bytes, 0};
    const unsigned char type = TYPES[below(sizeof TYPES)];
    vs_begin_frame(&writer, type);
    if (type == VS_TYPE_DENIED || type == VS_TYPE_VALUES) vs_put_string(&writer, "grant-or-message", below(17));
    if (type == VS_TYPE_VALUES) {
        const uint32_t count = below(8) == 0 ? below(5) : NAMES;
        vs_put_u32(&writer, count);
        for (uint32_t i = 0; i < count; i++) {
            const bool left = below(6) == 0;
            vs_put_u32(&writer, left ? VS_STATUS_TEXT : VS_STATUS_RELEASED);
            vs_put_string(&writer, "0123456789abcdef0123456789abcdef", left ? 0 : below(33));
        }
    }
    size_t used = writer.used - 4;
    for (uint32_t mistakes = below(4); mistakes > 0; mistakes--) {
        const uint32_t at = below((uint32_t)used);
        switch (below(4)) {
        case 0: bytes[4 + at] ^= (unsigned char)(1u << below(8)); break;
        case 1: bytes[4 + at] = (unsigned char)below(256); break;
        case 2: used = at == 0 ? 1 : at; break;
        default: memset(bytes + 4 + at, below(2) == 0 ? 0xff : 0, used - at < 4 ? used - at : 4);
        }
    }
    unsigned char *frame = malloc(used);
    if (frame == NULL) abort();
    memcpy(frame, bytes + 4, used);
    *length = used;
    return frame;
}

static bool parse_one(struct vs_names *names, unsigned *sum) {
    size_t length;
    unsigned char *frame = make_answer(&length);
    struct vs_answer answer;
    const bool taken = vs_parse_answer(frame, length, names, &answer);
    if (taken) *sum += touch(names, &answer);
    free(frame);
    return taken && answer.type == VS_TYPE_VALUES;
}

static bool ask_one(const struct vs_state *session, struct vs_names *names, unsigned *sum) {
    unsigned char bytes[64];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_RESOLVE);
    vs_end_frame(&writer);
    struct vs_map frame;
    struct vs_answer answer;
    const bool taken = vs_ask(session, &writer, 2000, names, &frame, &answer);
    if (taken) *sum += touch(names, &answer);
    vs_unmap(&frame);
    return taken && answer.type == VS_TYPE_VALUES;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    state = strtoull(argv[2], NULL, 10) * 2654435761u + 88172645463325252u;
    struct vs_state session;
    memset(&session, 0, sizeof session);
    session.socket = argc > 3 ? argv[3] : NULL;
    unsigned long values = 0;
    unsigned sum = 0;
    for (unsigned long n = strtoul(argv[1], NULL, 10); n > 0; n--) {
        struct vs_name items[NAMES];
        struct vs_names names;
        start_names(&names, items);
        values += session.socket == NULL ? parse_one(&names, &sum) : ask_one(&session, &names, &sum);
    }
    printf("%lu\n", values);
    fprintf(stderr, "sum %u\n", sum); // used, so that no read is left out
    return 0;
}
