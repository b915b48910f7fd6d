// Requests and answers of the protocol.
#include <stdlib.h>
#include <string.h>

#include "../../test/check.h"
#include "../frame.h"
#include "../protocol.h"
#include "unit.h"

// A VALUES answer of grant "g" and the values "one" and "two".
static size_t values_frame(unsigned char *bytes) {
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_VALUES);
    vs_put_string(&writer, "g", 1);
    vs_put_u32(&writer, 2);
    vs_put_u32(&writer, VS_STATUS_RELEASED);
    vs_put_string(&writer, "one", 3);
    vs_put_u32(&writer, VS_STATUS_RELEASED);
    vs_put_string(&writer, "two", 3);
    vs_end_frame(&writer);
    return writer.used - 4;
}

static bool parse(const unsigned char *frame, size_t length, uint32_t count) {
    // In memory of the very size: reading past the end is seen.
    unsigned char *copy = malloc(length == 0 ? 1 : length);
    memcpy(copy, frame, length);
    struct vs_name items[4] = {0};
    struct vs_names names = {.items = items, .count = count};
    struct vs_answer answer;
    const bool parsed = vs_parse_answer(copy, length, &names, &answer);
    if (parsed && answer.type == VS_TYPE_VALUES) {
        for (uint32_t i = 0; i < count; i++) CHECK(memchr(items[i].value, 0, items[i].value_length) == NULL);
    }
    free(copy);
    return parsed;
}

void test_answers(void) {
    unsigned char bytes[256];
    const size_t length = values_frame(bytes);
    unsigned char *frame = bytes + 4;
    CHECK(parse(frame, length, 2));
    CHECK(!parse(frame, length, 1));
    CHECK(!parse(frame, length, 3));
    for (size_t cut = 0; cut < length; cut++) CHECK(!parse(frame, cut, 2));
    frame[length] = 0;
    CHECK(!parse(frame, length + 1, 2)); // something behind the end
    for (size_t at = 0; at < length; at++) {
        for (int value = 0; value < 256; value++) { // any single byte changed: must not be read past
            unsigned char changed[256];
            memcpy(changed, frame, length);
            changed[at] = (unsigned char)value;
            parse(changed, length, 2);
        }
    }
    values_frame(bytes);
    frame[0] = VS_PROTOCOL_VERSION + 1;
    CHECK(!parse(frame, length, 2)); // another version
    values_frame(bytes);
    frame[1] = 99;
    CHECK(!parse(frame, length, 2)); // an unknown type
    values_frame(bytes);
    memset(frame + 7, 0xff, 4);
    CHECK(!parse(frame, length, 2)); // a count of four thousand million
    values_frame(bytes);
    frame[19] = 0;
    CHECK(!parse(frame, length, 2)); // a NUL within a value
    const unsigned char ok[] = {VS_PROTOCOL_VERSION, VS_TYPE_OK};
    CHECK(parse(ok, sizeof ok, 2));
    const unsigned char denied[] = {VS_PROTOCOL_VERSION, VS_TYPE_DENIED, 2, 0, 0, 0, 'n', 'o'};
    CHECK(parse(denied, sizeof denied, 2) && !parse(denied, sizeof denied - 1, 2));
}

// An answer of one name with this status and value.
static bool parse_one(uint32_t status, const char *value, uint32_t exposures, struct vs_name *name) {
    unsigned char bytes[64];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_VALUES);
    vs_put_string(&writer, "g", 1);
    vs_put_u32(&writer, 1);
    vs_put_u32(&writer, status);
    vs_put_string(&writer, value, strlen(value));
    vs_end_frame(&writer);
    *name = (struct vs_name){.exposures = exposures};
    struct vs_names names = {.items = name, .count = 1};
    struct vs_answer answer;
    return vs_parse_answer(bytes + 4, writer.used - 4, &names, &answer);
}

void test_left_as_text(void) {
    const uint32_t env = VS_EXPOSURE_ENV | VS_EXPOSURE_OPTIONAL;
    struct vs_name name;
    CHECK(parse_one(VS_STATUS_RELEASED, "v", env, &name) && !name.is_text);
    CHECK(parse_one(VS_STATUS_TEXT, "", env, &name) && name.is_text);
    CHECK(!parse_one(VS_STATUS_TEXT, "v", env, &name)); // a value that nobody is to see
    CHECK(!parse_one(VS_STATUS_TEXT, "", VS_EXPOSURE_ENV | VS_EXPOSURE_ARGV, &name));
    CHECK(!parse_one(2, "v", env, &name));
}

void test_requests(void) {
    struct vs_names none = {0};
    char *argv[] = {"p", "-x", NULL};
    struct vs_request request = {.session = "s", .cwd = "/", .program = "/p", .argv = argv, .names = &none};
    struct vs_writer writer = {NULL, 0};
    CHECK(vs_put_resolve(&writer, &request));
    const size_t size = writer.used;
    writer.bytes = malloc(size);
    CHECK(vs_put_resolve(&writer, &request) && writer.used == size);
    CHECK(writer.bytes[0] == size - 4 && writer.bytes[4] == VS_PROTOCOL_VERSION);
    free(writer.bytes);
    char *huge = malloc(VS_MAX_FRAME_BYTES + 1);
    memset(huge, 'x', VS_MAX_FRAME_BYTES);
    huge[VS_MAX_FRAME_BYTES] = '\0';
    char *too_much[] = {"p", huge, huge, NULL};
    request.argv = too_much;
    writer.bytes = NULL;
    CHECK(!vs_put_resolve(&writer, &request));
    request.argv = NULL;
    CHECK(vs_put_resolve(&writer, &request));
    free(huge);
}
