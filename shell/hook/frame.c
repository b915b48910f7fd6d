#include "frame.h"

#include <string.h>

#include "protocol.h"

static void put_bytes(struct vs_writer *writer, const void *bytes, size_t length) {
    if (writer->bytes != NULL && length > 0) memcpy(writer->bytes + writer->used, bytes, length);
    writer->used += length;
}

void vs_put_u32(struct vs_writer *writer, uint32_t value) {
    const unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
                                    (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
    put_bytes(writer, bytes, sizeof bytes);
}

void vs_put_string(struct vs_writer *writer, const char *text, size_t length) {
    vs_put_u32(writer, (uint32_t)length);
    put_bytes(writer, text, length);
}

void vs_begin_frame(struct vs_writer *writer, unsigned char type) {
    writer->used = 0;
    vs_put_u32(writer, 0);
    const unsigned char head[2] = {VS_PROTOCOL_VERSION, type};
    put_bytes(writer, head, sizeof head);
}

bool vs_end_frame(struct vs_writer *writer) {
    size_t length = writer->used - 4;
    if (length > VS_MAX_FRAME_BYTES) return false;
    struct vs_writer head = {writer->bytes, 0};
    vs_put_u32(&head, (uint32_t)length);
    return true;
}

bool vs_put_resolve(struct vs_writer *writer, const struct vs_request *request) {
    vs_begin_frame(writer, VS_TYPE_RESOLVE);
    vs_put_u32(writer, request->pid);
    vs_put_u32(writer, request->ppid);
    vs_put_u32(writer, request->flags);
    vs_put_string(writer, request->session, strlen(request->session));
    vs_put_string(writer, request->cwd, strlen(request->cwd));
    vs_put_string(writer, request->program, strlen(request->program));
    uint32_t argc = 0;
    while (request->argv != NULL && request->argv[argc] != NULL) argc++;
    vs_put_u32(writer, argc);
    for (uint32_t i = 0; i < argc; i++) {
        vs_put_string(writer, request->argv[i], strlen(request->argv[i]));
        // Checked on the way, so that no sum of lengths can wrap around.
        if (writer->used > VS_MAX_FRAME_BYTES) return false;
    }
    vs_put_u32(writer, request->names->count);
    for (uint32_t i = 0; i < request->names->count; i++) {
        const struct vs_name *name = &request->names->items[i];
        vs_put_string(writer, name->text, name->length);
        vs_put_u32(writer, name->exposures);
    }
    return vs_end_frame(writer);
}

struct reader {
    const unsigned char *bytes;
    size_t left;
};

static bool take_u32(struct reader *reader, uint32_t *value) {
    if (reader->left < 4) return false;
    const unsigned char *b = reader->bytes;
    *value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    reader->bytes += 4;
    reader->left -= 4;
    return true;
}

static bool take_string(struct reader *reader, const char **text, uint32_t *length) {
    if (!take_u32(reader, length) || *length > reader->left) return false;
    *text = (const char *)reader->bytes;
    reader->bytes += *length;
    reader->left -= *length;
    // A NUL would cut a value short without anybody noticing.
    return memchr(*text, 0, *length) == NULL;
}

// Only a name that stands in no argument may be left as text, and then nothing comes with it.
static bool take_value(struct reader *reader, struct vs_name *name) {
    uint32_t status;
    if (!take_u32(reader, &status) || !take_string(reader, &name->value, &name->value_length)) return false;
    name->is_text = status == VS_STATUS_TEXT;
    if (name->is_text) return name->value_length == 0 && (name->exposures & VS_EXPOSURE_OPTIONAL) != 0;
    return status == VS_STATUS_RELEASED;
}

bool vs_parse_answer(const unsigned char *frame, size_t length, struct vs_names *names,
                     struct vs_answer *answer) {
    if (length < 2 || frame[0] != VS_PROTOCOL_VERSION) return false;
    answer->type = frame[1];
    answer->text = "";
    answer->text_length = 0;
    struct reader reader = {frame + 2, length - 2};
    switch (answer->type) {
    case VS_TYPE_OK:
        return reader.left == 0;
    case VS_TYPE_DENIED:
        return take_string(&reader, &answer->text, &answer->text_length) && reader.left == 0;
    case VS_TYPE_VALUES: {
        uint32_t count;
        if (!take_string(&reader, &answer->text, &answer->text_length)) return false;
        if (answer->text_length == 0 || answer->text_length > VS_MAX_GRANT_LENGTH) return false;
        if (names == NULL || !take_u32(&reader, &count) || count != names->count) return false;
        for (uint32_t i = 0; i < count; i++) {
            if (!take_value(&reader, &names->items[i])) return false;
        }
        return reader.left == 0;
    }
    default:
        return false;
    }
}
