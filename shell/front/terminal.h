#ifndef VS_TERMINAL_H
#define VS_TERMINAL_H

#include "child.h"

// Runs a program in a PTY of its own, in the session that we are in, with our terminal in raw mode. As
// src/session/proxy.ts; gives the exit code. By then the terminal is as it was.
int vs_run_in_terminal(struct vs_program *program);

#endif
