// The program of a nested session: its start, and how it ended.
#ifndef VS_CHILD_H
#define VS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../hook/state.h"
#include "command-line.h"

struct vs_program {
    const char *file; // absolute path
    char **argv;
    const struct vs_state *session;
    const struct vs_wanted *wanted; // secrets to be given as variables
    size_t wanted_count;
    // What the program gets as standard output and standard error; -1: what we have.
    int output, error;
    // The slave of a PTY, which becomes its terminal and all three of its streams; -1: none.
    int terminal;
};

// Notes which of descriptors 0 to 2 are closed and opens /dev/null there, so that nothing of ours comes to lie there.
// The program finds them closed.
void vs_fill_standard_streams(void);
bool vs_was_closed(int fd);

// Becomes the program, in no session: with what unlocks a vault out of its environment, and else as we are.
_Noreturn void vs_run_alone(const struct vs_program *program);

// -1: errno says why. What goes wrong in the child is told there and is its exit code.
pid_t vs_start_child(const struct vs_program *program);

// The exit code a shell would report of a status of waitpid.
int vs_exit_code(int status);

#endif
