#include "arguments.h"

#include <stddef.h>
#include <stdint.h>

void vs_collect_arguments(struct vs_arguments *arguments, const char *first, va_list *rest) {
    size_t count = 0;
    if (first != NULL) {
        va_list ahead;
        va_copy(ahead, *rest);
        for (count = 1; va_arg(ahead, char *) != NULL; count++) continue;
        va_end(ahead);
    }
    arguments->all = arguments->few;
    arguments->many.base = NULL;
    if (count + 1 > VS_STACK_ARGUMENTS) {
        arguments->all = NULL;
        if (!vs_map(&arguments->many, (count + 1) * sizeof(char *))) return;
        arguments->all = arguments->many.base;
    }
    arguments->all[0] = (char *)(uintptr_t)first;
    for (size_t i = 1; i <= count; i++) arguments->all[i] = va_arg(*rest, char *);
}
