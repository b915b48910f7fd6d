// The arguments of an execl call as a vector.
#ifndef VS_ARGUMENTS_H
#define VS_ARGUMENTS_H

#include <stdarg.h>

#include "memory.h"

// On the stack for ordinary calls, mapped for longer ones.
#define VS_STACK_ARGUMENTS 256

struct vs_arguments {
    char *few[VS_STACK_ARGUMENTS];
    char **all; // NULL, with errno set, when there was no memory
    struct vs_map many;
};

// `rest` is what stands behind `first`; it is left behind the terminating NULL, where execle has its
// environment. (A va_list handed to a function cannot be used on afterwards, what a pointer points to can.)
void vs_collect_arguments(struct vs_arguments *arguments, const char *first, va_list *rest);

#endif
