#ifndef VS_PIPES_H
#define VS_PIPES_H

#include "child.h"

// Runs a program in the session that we are in, with our standard input and process group, and with real pipes for its
// two outputs (one, where ours are one file: the order between them stays). As src/session/pipes.ts; gives the exit code.
int vs_run_in_pipes(struct vs_program *program);

#endif
