#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "message.h"
#include "protocol.h"
#include "state.h"
#include "symbols.h"

struct vs_real vs_real;

void vs_load(void) {
    const struct vs_symbol symbols[] = {
        {"execvpe", &vs_real.execvpe},
        {"fexecve", &vs_real.fexecve},
        {"execveat", &vs_real.execveat},
        {"posix_spawn", &vs_real.posix_spawn},
        {"posix_spawnp", &vs_real.posix_spawnp},
        {"waitpid", &vs_real.waitpid},
        {"wait3", &vs_real.wait3},
        {"wait4", &vs_real.wait4},
        {"waitid", &vs_real.waitid},
        {"close_range", &vs_real.close_range},
        {"execve", &vs_real.execve},
    };
    vs_load_state(vs_find_symbols(symbols, sizeof symbols / sizeof *symbols));
}

// A process that may be the session's first says hello before its main: a session whose shell is not hooked must not
// hand the terminal over, and a shell whose broker is gone must not start.
__attribute__((noinline)) static void say_hello(const struct vs_state *state) {
    char starting[PATH_MAX], message[256];
    if (!vs_path_beside(starting, state, "starting") || access(starting, F_OK) != 0) return;
    switch (vs_say_hello(state, message, sizeof message)) {
    case VS_WELCOME:
        return;
    case VS_UNWELCOME:
        vs_complain(message, strlen(message), "", "");
        break;
    case VS_UNHEARD:
        vs_complain("", 0, "the session's broker gave no answer", "");
        break;
    }
    _exit(VS_EXIT_NOT_STARTED);
}

// A session is the parent of what its processes leave behind, too: that is not stopped when the session ends.
__attribute__((constructor)) static void start(void) {
    vs_be_ready();
    const struct vs_state *state = vs_state();
    if (state == NULL || getppid() != state->session_pid) return;
    const int saved = errno;
    say_hello(state);
    errno = saved;
}
