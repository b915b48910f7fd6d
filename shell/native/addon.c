// The few system calls that Node lacks. Every function checks its arguments, throws an Error whose `code` is
// the errno name, and keeps nothing: descriptors it makes belong to the caller and are close-on-exec.

#include <node_api.h>

#include "calls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#define VS_MAX_ARGUMENTS 4

static const char *errno_name(int number) {
    switch (number) {
    case EACCES: return "EACCES";
    case EAGAIN: return "EAGAIN";
    case EBADF: return "EBADF";
    case EINTR: return "EINTR";
    case EINVAL: return "EINVAL";
    case EIO: return "EIO";
    case EMFILE: return "EMFILE";
    case ENFILE: return "ENFILE";
    case ENOENT: return "ENOENT";
    case ENOSYS: return "ENOSYS";
    case ENOTCONN: return "ENOTCONN";
    case ENOTSOCK: return "ENOTSOCK";
    case ENOTTY: return "ENOTTY";
    case ECONNRESET: return "ECONNRESET";
    case ENOSPC: return "ENOSPC";
    case EFBIG: return "EFBIG";
    case EPIPE: return "EPIPE";
    case ENXIO: return "ENXIO";
    case EPERM: return "EPERM";
    case ESRCH: return "ESRCH";
    default: return "EUNKNOWN";
    }
}

static napi_value fail(napi_env env, const char *call, int number) {
    char message[160];
    const char *code = errno_name(number);
    (void)snprintf(message, sizeof message, "%s: %s, %s", code, call, strerror(number));
    (void)napi_throw_error(env, code, message);
    return NULL;
}

// Reads the arguments; a first one, where there is one, is a descriptor. False: an exception is pending.
static bool arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values, int *fd) {
    size_t count = VS_MAX_ARGUMENTS;
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < wanted ||
        (wanted > 0 && napi_get_value_int32(env, values[0], fd) != napi_ok)) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return false;
    }
    return true;
}

// Any failure of these leaves a pending exception or a property out; the typed loader asks for whole objects.
static napi_value object_of(napi_env env, size_t count, const char *const *names, const double *numbers) {
    napi_value object;
    if (napi_create_object(env, &object) != napi_ok) return NULL;
    for (size_t i = 0; i < count; i++) {
        napi_value number;
        if (napi_create_double(env, numbers[i], &number) != napi_ok ||
            napi_set_named_property(env, object, names[i], number) != napi_ok) {
            return NULL;
        }
    }
    return object;
}

static napi_value make_pipe(napi_env env, napi_callback_info info) {
    (void)info;
    int ends[2];
    if (vs_pipe(ends) != 0) return fail(env, "pipe", errno);
    napi_value pair;
    napi_value read_end;
    napi_value write_end;
    if (napi_create_array_with_length(env, 2, &pair) != napi_ok ||
        napi_create_int32(env, ends[0], &read_end) != napi_ok ||
        napi_create_int32(env, ends[1], &write_end) != napi_ok ||
        napi_set_element(env, pair, 0, read_end) != napi_ok ||
        napi_set_element(env, pair, 1, write_end) != napi_ok) {
        vs_close(ends[0]);
        vs_close(ends[1]);
        return NULL;
    }
    return pair;
}

static napi_value get_terminal(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    struct termios modes;
    memset(&modes, 0, sizeof modes); // the padding becomes visible to JavaScript, and is compared
    if (tcgetattr(fd, &modes) != 0) return fail(env, "tcgetattr", errno);
    napi_value buffer = NULL;
    if (napi_create_buffer_copy(env, sizeof modes, &modes, NULL, &buffer) != napi_ok) return NULL;
    return buffer;
}

static napi_value set_raw(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    if (vs_set_raw(fd) != 0) return fail(env, "tcsetattr", errno);
    return NULL;
}

static napi_value set_terminal(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 2, values, &fd)) return NULL;
    bool is_buffer = false;
    void *bytes = NULL;
    size_t length = 0;
    struct termios modes;
    if (napi_is_buffer(env, values[1], &is_buffer) != napi_ok || !is_buffer ||
        napi_get_buffer_info(env, values[1], &bytes, &length) != napi_ok || length != sizeof modes) {
        (void)napi_throw_type_error(env, "EINVAL", "not the modes of a terminal");
        return NULL;
    }
    memcpy(&modes, bytes, sizeof modes);
    if (vs_set_terminal(fd, &modes) != 0) return fail(env, "tcsetattr", errno);
    return NULL;
}

static napi_value signal_keys(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    unsigned char keys[3];
    const int count = vs_signal_keys(fd, keys);
    if (count == -1) return fail(env, "tcgetattr", errno);
    napi_value buffer = NULL;
    if (napi_create_buffer_copy(env, (size_t)count, keys, NULL, &buffer) != napi_ok) return NULL;
    return buffer;
}

static napi_value discard_typed(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int master = -1;
    int peer = -1;
    if (!arguments(env, info, 2, values, &master)) return NULL;
    if (napi_get_value_int32(env, values[1], &peer) != napi_ok) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    if (vs_discard_typed(master, peer) != 0) return fail(env, "tcflush", errno);
    return NULL;
}

static napi_value set_close_on_exec(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    if (vs_set_close_on_exec(fd) != 0) return fail(env, "fcntl", errno);
    return NULL;
}

static napi_value disable_core_dumps(napi_env env, napi_callback_info info) {
    (void)info;
    if (vs_disable_core_dumps() != 0) return fail(env, "setrlimit", errno);
    return NULL;
}

static napi_value peer_credentials(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    struct vs_credentials peer;
    if (vs_peer_credentials(fd, &peer) != 0) return fail(env, "getsockopt", errno);
    const char *names[] = {"pid", "uid", "gid"};
    const double numbers[] = {(double)peer.pid, (double)peer.uid, (double)peer.gid};
    return object_of(env, 3, names, numbers);
}

static napi_value parent_of(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int pid = -1;
    if (!arguments(env, info, 1, values, &pid)) return NULL;
    int parent = vs_parent_of((pid_t)pid);
    if (parent < 0) return fail(env, "parentOf", errno);
    napi_value value = NULL;
    return napi_create_int32(env, parent, &value) == napi_ok ? value : NULL;
}

static napi_value set_subreaper(napi_env env, napi_callback_info info) {
    napi_value value;
    size_t count = 1;
    bool on = false;
    if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok || count < 1 ||
        napi_get_value_bool(env, value, &on) != napi_ok) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    if (vs_set_subreaper(on ? 1 : 0) != 0) return fail(env, "prctl", errno);
    return NULL;
}

static napi_value reap_adopted(napi_env env, napi_callback_info info) {
    napi_value value;
    size_t count = 1;
    size_t length = 0;
    void *data = NULL;
    napi_typedarray_type type;
    if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok || count < 1 ||
        napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok ||
        type != napi_int32_array) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    int status = 0;
    int pid = vs_reap_adopted(data, length, &status);
    if (pid == 0) return NULL; // undefined
    if (pid < 0 && errno != EAGAIN) return fail(env, "waitid", errno);
    const char *names[] = {"pid", "status"};
    const double numbers[] = {pid < 0 ? 0 : (double)pid, (double)status};
    return object_of(env, 2, names, numbers);
}

static napi_value window_size(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    unsigned short columns = 0;
    unsigned short rows = 0;
    if (vs_window_size(fd, &columns, &rows) != 0) return fail(env, "ioctl", errno);
    const char *names[] = {"columns", "rows"};
    const double numbers[] = {(double)columns, (double)rows};
    return object_of(env, 2, names, numbers);
}

static napi_value number_or_fail(napi_env env, const char *call, int number) {
    if (number < 0) return fail(env, call, errno);
    napi_value value = NULL;
    if (napi_create_int32(env, number, &value) != napi_ok) return NULL;
    return value;
}

static napi_value gains_capabilities(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    napi_value value = NULL;
    return napi_get_boolean(env, vs_gains_capabilities(fd) != 0, &value) == napi_ok ? value : NULL;
}

static napi_value open_peer(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    return number_or_fail(env, "ioctl", vs_open_peer(fd));
}

static napi_value foreground_group(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    if (!arguments(env, info, 1, values, &fd)) return NULL;
    return number_or_fail(env, "tcgetpgrp", vs_foreground_group(fd));
}

static napi_value own_group(napi_env env, napi_callback_info info) {
    (void)info;
    return number_or_fail(env, "getpgrp", vs_own_group());
}

// A copy of a string, NULL for what is none: an exception is pending then.
static char *copy_string(napi_env env, napi_value value) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
    char *text = malloc(length + 1);
    if (text == NULL || napi_get_value_string_utf8(env, value, text, length + 1, &length) == napi_ok) return text;
    free(text);
    return NULL;
}

static napi_value become(napi_env env, napi_callback_info info) {
    napi_value values[2];
    size_t count = 2;
    uint32_t words = 0;
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
        napi_get_array_length(env, values[1], &words) != napi_ok) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    // Little is lost if it fails: whoever calls has nothing else to do.
    char *file = copy_string(env, values[0]);
    char **argv = calloc((size_t)words + 1, sizeof *argv);
    bool whole = file != NULL && argv != NULL;
    for (uint32_t i = 0; whole && i < words; i++) {
        napi_value word = NULL;
        whole = napi_get_element(env, values[1], i, &word) == napi_ok;
        if (whole) argv[i] = copy_string(env, word);
        whole = whole && argv[i] != NULL;
    }
    if (!whole) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    (void)vs_become(file, argv);
    return fail(env, "execv", errno);
}

// The bytes of a view from an offset on. False: an exception is pending.
static bool bytes_from(napi_env env, napi_value view, napi_value offset, char **bytes, size_t *length) {
    void *data = NULL;
    uint32_t from = 0;
    if (napi_get_typedarray_info(env, view, NULL, length, &data, NULL, NULL) != napi_ok ||
        napi_get_value_uint32(env, offset, &from) != napi_ok || from > *length) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return false;
    }
    *bytes = (char *)data + from;
    *length -= from;
    return true;
}

static napi_value count_of(napi_env env, size_t count) {
    napi_value value = NULL;
    return napi_create_double(env, (double)count, &value) == napi_ok ? value : NULL;
}

static napi_value read_now(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    void *bytes = NULL;
    size_t length = 0;
    if (!arguments(env, info, 2, values, &fd)) return NULL;
    if (napi_get_typedarray_info(env, values[1], NULL, &length, &bytes, NULL, NULL) != napi_ok) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    return count_of(env, vs_read_now(fd, bytes, length));
}

static napi_value find_mode(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    size_t count = VS_MAX_ARGUMENTS;
    uint32_t from = 0;
    void *data = NULL;
    size_t length = 0;
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
        napi_get_typedarray_info(env, values[0], NULL, &length, &data, NULL, NULL) != napi_ok ||
        napi_get_value_uint32(env, values[1], &from) != napi_ok || from > length) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    return count_of(env, vs_find_mode(data, from, length));
}

static napi_value write_within(napi_env env, napi_callback_info info) {
    napi_value values[VS_MAX_ARGUMENTS];
    int fd = -1;
    char *bytes = NULL;
    size_t length = 0;
    int patience_ms = 0;
    if (!arguments(env, info, 4, values, &fd)) return NULL;
    if (!bytes_from(env, values[1], values[2], &bytes, &length)) return NULL;
    if (napi_get_value_int32(env, values[3], &patience_ms) != napi_ok || patience_ms < 0) {
        (void)napi_throw_type_error(env, "EINVAL", "wrong arguments");
        return NULL;
    }
    ssize_t written = vs_write_within(fd, bytes, length, patience_ms);
    if (written < 0) return fail(env, "write", errno);
    return count_of(env, (size_t)written);
}

NAPI_MODULE_INIT() {
    const napi_property_descriptor functions[] = {
        {"pipe", NULL, make_pipe, NULL, NULL, NULL, napi_enumerable, NULL},
        {"getTerminal", NULL, get_terminal, NULL, NULL, NULL, napi_enumerable, NULL},
        {"setRaw", NULL, set_raw, NULL, NULL, NULL, napi_enumerable, NULL},
        {"setTerminal", NULL, set_terminal, NULL, NULL, NULL, napi_enumerable, NULL},
        {"setCloseOnExec", NULL, set_close_on_exec, NULL, NULL, NULL, napi_enumerable, NULL},
        {"disableCoreDumps", NULL, disable_core_dumps, NULL, NULL, NULL, napi_enumerable, NULL},
        {"peerCredentials", NULL, peer_credentials, NULL, NULL, NULL, napi_enumerable, NULL},
        {"become", NULL, become, NULL, NULL, NULL, napi_enumerable, NULL},
        {"parentOf", NULL, parent_of, NULL, NULL, NULL, napi_enumerable, NULL},
        {"setSubreaper", NULL, set_subreaper, NULL, NULL, NULL, napi_enumerable, NULL},
        {"reapAdopted", NULL, reap_adopted, NULL, NULL, NULL, napi_enumerable, NULL},
        {"windowSize", NULL, window_size, NULL, NULL, NULL, napi_enumerable, NULL},
        {"openPeer", NULL, open_peer, NULL, NULL, NULL, napi_enumerable, NULL},
        {"signalKeys", NULL, signal_keys, NULL, NULL, NULL, napi_enumerable, NULL},
        {"discardTyped", NULL, discard_typed, NULL, NULL, NULL, napi_enumerable, NULL},
        {"gainsCapabilities", NULL, gains_capabilities, NULL, NULL, NULL, napi_enumerable, NULL},
        {"foregroundGroup", NULL, foreground_group, NULL, NULL, NULL, napi_enumerable, NULL},
        {"readNow", NULL, read_now, NULL, NULL, NULL, napi_enumerable, NULL},
        {"findMode", NULL, find_mode, NULL, NULL, NULL, napi_enumerable, NULL},
        {"writeWithin", NULL, write_within, NULL, NULL, NULL, napi_enumerable, NULL},
        {"ownGroup", NULL, own_group, NULL, NULL, NULL, napi_enumerable, NULL},
    };
    if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) return NULL;
    return exports;
}
