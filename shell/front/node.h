// Node, which vault-shell is written for.
#ifndef VS_NODE_H
#define VS_NODE_H

// Becomes Node. `words` are its arguments, the first its name; only returns when it cannot be run, with errno.
void vs_become_node(char **words, char **environment);

#endif
