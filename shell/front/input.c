#include "input.h"

#include <string.h>
#include <unistd.h>

bool vs_input_is_empty(const struct vs_input *input) {
    return input->at == input->end;
}

size_t vs_input_room(struct vs_input *input, char **place) {
    if (input->at == input->end || input->end == sizeof input->bytes) {
        memmove(input->bytes, input->bytes + input->at, input->end - input->at);
        input->end -= input->at;
        input->at = 0;
    }
    *place = input->bytes + input->end;
    return sizeof input->bytes - input->end;
}

static bool interrupts(const struct termios *modes, char key) {
    if ((modes->c_lflag & ISIG) == 0 || (modes->c_lflag & NOFLSH) != 0) return false;
    const cc_t byte = (cc_t)key;
    static const int KEYS[] = {VINTR, VQUIT, VSUSP};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        const cc_t set = modes->c_cc[KEYS[i]];
        if (set != (cc_t)_POSIX_VDISABLE && set == byte) return true;
    }
    return false;
}

bool vs_input_add(struct vs_input *input, size_t count, const struct termios *modes) {
    const bool waits = !vs_input_is_empty(input);
    const size_t from = input->end;
    input->end += count;
    for (size_t at = input->end; waits && at > from; at--) {
        if (!interrupts(modes, input->bytes[at - 1])) continue;
        input->at = at - 1;
        return true;
    }
    return false;
}
