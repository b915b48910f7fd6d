// The environment of a nested program.
#ifndef VS_VARIABLES_H
#define VS_VARIABLES_H

#include "child.h"

// To be called in the process that is about to exec: our environment without what unlocks a vault, and with the values
// of the secrets that are wanted as variables. (Placeholders in it and in the arguments are the hook's.) NULL: refused, and said why.
char **vs_make_variables(const struct vs_program *program);

// The exec failed.
void vs_drop_variables(int error);

#endif
