// What was typed, on its way to a program that may not read for a while.
#ifndef VS_INPUT_H
#define VS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

// More than anybody pastes by mistake; beyond it the outer terminal waits.
#define VS_INPUT_BYTES (1 << 20)

struct vs_input {
    size_t at, end;
    char bytes[VS_INPUT_BYTES];
};

bool vs_input_is_empty(const struct vs_input *input);
// Where the next bytes go, and how many; makes room by moving what waits.
size_t vs_input_room(struct vs_input *input, char **place);

// Takes note of `count` bytes put there. Behind bytes that wait, a key that interrupts (as `modes` of the program's
// terminal say) would not be heard: then what waits before it is dropped, as a terminal does that hears it. Gives whether
// that was done; the terminal is to be flushed, too.
bool vs_input_add(struct vs_input *input, size_t count, const struct termios *modes);

#endif
