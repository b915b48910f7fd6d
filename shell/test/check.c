#include "check.h"

#include <string.h>

static int failures;
static int checks;

void check(bool holds, const char *what, const char *file, int line) {
    checks++;
    if (holds) return;
    failures++;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

int report_checks(const char *what) {
    printf("%s: %d checks, %d failed\n", what, checks, failures);
    return failures == 0 ? 0 : 1;
}

bool same(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}
