// Where vault-shell itself lies, and which files are it.
#ifndef VS_PLACE_H
#define VS_PLACE_H

#include <limits.h>
#include <stdbool.h>

struct vs_place {
    char directory[PATH_MAX]; // of this program, the hook and the addon
    char main[PATH_MAX];      // src/cli/main.js
};

// False: errno says why.
bool vs_find_place(struct vs_place *place);

// Whether a file is vault-shell: main.js or this program, by any link, or any copy of this program. It is never
// taken for a real shell, so that nothing can call itself for ever.
bool vs_is_ours(const struct vs_place *place, const char *path);

#endif
