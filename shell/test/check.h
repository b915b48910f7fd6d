// What the unit tests of shell/ say CHECK with.
#ifndef VS_CHECK_H
#define VS_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

void check(bool holds, const char *what, const char *file, int line);

// Prints how many checks of `what` failed; gives the exit code.
int report_checks(const char *what);

// Whether two texts are the same; either may be NULL.
bool same(const char *a, const char *b);

#endif
