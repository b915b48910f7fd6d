// What vault-shell, vault-bash, vault-zsh and vault-sh start. In a session (docs/nested-sessions.md) it runs the shell or
// program itself, with its output filtered by that session; everything else is done by src/cli/main.js.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../hook/message.h"
#include "../hook/protocol.h"
#include "child.h"
#include "command-line.h"
#include "node.h"
#include "pipes.h"
#include "place.h"
#include "session.h"
#include "shell.h"
#include "store.h"
#include "terminal.h"

// Tells main.js, which learns of its own name only, what was called; no program of a session sees it.
#define CALLED_AS "VAULT_SHELL_CALLED_AS"
// Where main.js finds the user's NODE_EXTRA_CA_CERTS, to put it back.
#define CERTIFICATES "VAULT_SHELL_CA_CERTS"
#define EXIT_USAGE 2
#define EXIT_DENIED 126
#define EXIT_NOT_FOUND 127

static int fail(int code, const char *what, const char *subject) {
    vs_complain(what, strlen(what), subject, "");
    return code;
}

static int not_found(enum vs_found found, const char *name) {
    switch (found) {
    case VS_ITSELF:
        return fail(EXIT_USAGE, "vault-shell cannot be its own shell", "");
    case VS_MISSING:
        return fail(EXIT_NOT_FOUND, "command not found: ", name);
    default:
        return fail(EXIT_DENIED, "cannot execute ", name);
    }
}

// Node reads all certificates of that file when it starts, which takes it longer than starting; vault-shell has no use
// for them.
static void hide_certificates(void) {
    static const char name[] = "NODE_EXTRA_CA_CERTS";
    const char *file = getenv(name);
    if (file != NULL && setenv(CERTIFICATES, file, 1) == 0) (void)unsetenv(name);
}

// Hands everything to main.js.
static int run_main(const struct vs_place *place, int argc, char **argv) {
    const char *name = argc > 0 ? argv[0] : "";
    const char *slash = strrchr(name, '/');
    char **words = calloc((size_t)argc + 2, sizeof *words);
    if (words == NULL || setenv(CALLED_AS, slash == NULL ? name : slash + 1, 1) != 0) {
        return fail(VS_EXIT_NOT_STARTED, "out of memory", "");
    }
    hide_certificates();
    static char node[] = "node";
    words[0] = node;
    words[1] = (char *)(uintptr_t)place->main;
    for (int i = 1; i < argc; i++) words[i + 1] = argv[i];
    vs_become_node(words, environ);
    return fail(VS_EXIT_NOT_STARTED, "cannot run node: ", strerror(errno));
}

static char **make_argv(char *first, char **rest) {
    size_t count = 0;
    while (rest[count] != NULL) count++;
    char **argv = calloc(count + 2, sizeof *argv);
    if (argv == NULL) return NULL;
    argv[0] = first;
    memcpy(argv + 1, rest, count * sizeof *argv);
    return argv;
}

// A login shell is told so by the first byte of its name.
static char *login_name(const char *file) {
    char *name = NULL;
    return asprintf(&name, "-%s", strrchr(file, '/') + 1) == -1 ? NULL : name;
}

// `session`: NULL for none, not even one of its own.
static int run_here(const struct vs_place *place, const struct vs_state *session, const struct vs_command *command,
                    struct vs_called called) {
    static char file[PATH_MAX];
    const bool is_shell = command->wish == VS_WISH_SHELL;
    const char *name = command->words[0];
    enum vs_found found;
    if (is_shell) {
        name = command->shell != NULL ? command->shell : called.shell;
        found = vs_choose_shell(place, command->shell, called.shell, file);
    } else {
        found = vs_find(name, file);
    }
    if (found != VS_FOUND) return not_found(found, name);
    if (session != NULL && is_shell && !vs_hook_reaches(file)) {
        return fail(VS_EXIT_NOT_STARTED, "the hook cannot be loaded into ", file);
    }
    struct vs_program program = {.file = file, .session = session, .output = -1, .error = -1, .terminal = -1};
    program.wanted = command->wanted;
    program.wanted_count = command->wanted_count;
    program.argv = is_shell ? make_argv(called.login ? login_name(file) : file, command->words)
                            : make_argv(command->words[0], command->words + 1);
    if (program.argv == NULL || program.argv[0] == NULL) return fail(VS_EXIT_NOT_STARTED, "out of memory", "");
    if (session == NULL) vs_run_alone(&program);
    // Only with both: `vault-shell -c cmd | less` must not get a terminal's line ends and colours.
    const bool on_terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    return on_terminal ? vs_run_in_terminal(&program) : vs_run_in_pipes(&program);
}

int main(int argc, char **argv) {
    vs_fill_standard_streams();
    static struct vs_place place;
    if (!vs_find_place(&place)) return fail(VS_EXIT_NOT_STARTED, "cannot find where vault-shell lies: ", strerror(errno));
    const struct vs_called called = vs_read_name(argc > 0 ? argv[0] : NULL);
    char **words = argc > 0 ? argv + 1 : argv;
    struct vs_wanted *wanted = calloc((size_t)argc + 1, sizeof *wanted);
    if (wanted == NULL) return fail(VS_EXIT_NOT_STARTED, "out of memory", "");
    struct vs_command command = {VS_WISH_SHELL, NULL, words, wanted, 0};
    // Under the name of a shell every word is the shell's.
    if (called.shell == NULL) vs_read_command(words, wanted, &command);
    static struct vs_state session;
    const enum vs_where where = vs_find_session(&session);
    if (where == VS_OUTSIDE && command.wish == VS_WISH_SHELL && vs_is_asked_for_environment()) {
        return run_here(&place, NULL, &command, called);
    }
    if (where == VS_OUTSIDE && command.wish != VS_WISH_OTHER) vs_start_store(&place);
    if (where == VS_OUTSIDE || command.wish == VS_WISH_OTHER) return run_main(&place, argc, argv);
    if (where == VS_LOST) return fail(VS_EXIT_NOT_STARTED, "the environment names a session in part only", "");
    return run_here(&place, &session, &command, called);
}
