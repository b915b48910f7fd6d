// What a command line asks for, as far as it can be done in a session that is already there: pure.
#ifndef VS_COMMAND_LINE_H
#define VS_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum vs_wish {
    VS_WISH_SHELL,   // `words` go to the shell verbatim
    VS_WISH_PROGRAM, // `words` are a program and its arguments
    VS_WISH_RUN,     // the same, with secrets as variables
    VS_WISH_OTHER,   // a command of vault-shell, --vault, or wrong usage
};

// One `-s NAME[=VARIABLE]`.
struct vs_wanted {
    const char *name;
    size_t name_length;
    const char *variable;
    size_t variable_length;
};

struct vs_command {
    enum vs_wish wish;
    const char *shell; // --shell, or NULL
    char **words;      // ends with NULL
    struct vs_wanted *wanted;
    size_t wanted_count;
};

// Reads the words after the program's own name, as src/cli/shell-arguments.ts does; what that would refuse is OTHER.
// `wanted` has room for an entry for each word.
void vs_read_command(char **words, struct vs_wanted *wanted, struct vs_command *command);

// How a program was called: `-vault-bash` is bash, as a login shell.
struct vs_called {
    const char *shell; // name of the shell it stands for, or NULL
    bool login;
};

// `argv0` may be NULL.
struct vs_called vs_read_name(const char *argv0);

#endif
