// Values as files in memory: what a program opens by a path and no disk ever holds.
#ifndef VS_VALUE_FILE_H
#define VS_VALUE_FILE_H

#include <stdbool.h>
#include <stddef.h>

// Above the descriptors that scripts use (one digit, and up to 63 in some shells).
#define VS_FIRST_FILE 100

// Makes a sealed file of mode 0400 that holds `value` and can be opened through /proc. Gives its
// descriptor, VS_FIRST_FILE or above and close-on-exec, or -1 with errno set.
int vs_make_value_file(const char *value, size_t length);

// A second descriptor of it, as close-on-exec and as high. -1 with errno set.
int vs_copy_value_file(int file);

// Lets the program that is exec'd next have it. False with errno set.
bool vs_hand_over_value_file(int file);

// Closes what is one and keeps errno; nothing happens for -1.
void vs_close_value_file(int *file);

typedef int vs_close_range_function(unsigned, unsigned, int);
// Closes the descriptors from `first` to `last` but files of values, by way of `real` (close_range).
int vs_close_all(unsigned first, unsigned last, vs_close_range_function *real);

#endif
