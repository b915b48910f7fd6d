// The process that does the database work of a session (src/vault/child-main.ts), started early.
#ifndef VS_STORE_H
#define VS_STORE_H

#include "place.h"

// Node takes as long to start for that process as for main.js: so both start at once. main.js, which this process becomes,
// is told of its child in the environment. Where anything fails, main.js starts one itself.
void vs_start_store(const struct vs_place *place);

#endif
