#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../hook/client.h"
#include "../hook/protocol.h"

enum vs_where vs_find_session(struct vs_state *state) {
    const char *socket = getenv("VAULT_SHELL_SOCKET"), *session = getenv("VAULT_SHELL_SESSION");
    const bool has_socket = socket != NULL && socket[0] != '\0', has_session = session != NULL && session[0] != '\0';
    if (!has_socket && !has_session) return VS_OUTSIDE;
    memset(state, 0, sizeof *state);
    state->socket = has_socket ? socket : "";
    state->session = has_session ? session : "";
    return has_socket && has_session && socket[0] == '/' ? VS_INSIDE : VS_LOST;
}

bool vs_is_asked_for_environment(void) {
    // VS Code and its kin; JetBrains IDEs. src/cli/front-end-handover.ts has them too.
    static const char *const MARKS[] = {"VSCODE_RESOLVING_ENVIRONMENT", "INTELLIJ_ENVIRONMENT_READER"};
    for (int fd = 0; fd < 3; fd++) {
        if (isatty(fd) == 1) return false;
    }
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        const char *mark = getenv(MARKS[i]);
        if (mark != NULL && mark[0] != '\0') return true;
    }
    return false;
}

int vs_open_filter(const struct vs_state *state, bool on_terminal) {
    unsigned char bytes[512];
    const size_t length = strlen(state->session);
    if (length > sizeof bytes / 2) return -1;
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_FILTER);
    vs_put_string(&writer, state->session, length);
    vs_put_u32(&writer, on_terminal ? VS_FILTER_FLAG_TERMINAL : 0);
    vs_end_frame(&writer);
    const int fd = vs_connect(state->socket, VS_HELLO_TIMEOUT_MS);
    // If it cannot be sent there will be no answer.
    if (fd != -1) (void)send(fd, bytes, writer.used, MSG_NOSIGNAL);
    return fd;
}

bool vs_await_filter(int fd, char *message, size_t room) {
    (void)snprintf(message, room, "%s", VS_NO_ANSWER);
    struct vs_map frame = {NULL, 0};
    struct vs_answer answer;
    const struct vs_writer nothing = {NULL, 0};
    if (fd == -1 || !vs_exchange(fd, &nothing, vs_now_ms() + VS_HELLO_TIMEOUT_MS, &frame) ||
        !vs_parse_answer(frame.base, frame.size, NULL, &answer)) {
        vs_unmap(&frame);
        return false;
    }
    const bool opened = answer.type == VS_TYPE_OK;
    if (!opened) (void)snprintf(message, room, "%.*s", (int)answer.text_length, answer.text);
    vs_unmap(&frame);
    return opened;
}
