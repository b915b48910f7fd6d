#define _GNU_SOURCE
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

void vs_become_node(char **words, char **environment) {
#ifdef __APPLE__
    // Nothing there takes both a name and an environment.
    environ = environment;
    execvp("node", words);
#else
    execvpe("node", words, environment);
#endif
#ifdef VS_NODE
    // A login shell may have a PATH without the Node that this was installed with.
    if (errno == ENOENT) execve(VS_NODE, words, environment);
#endif
}
