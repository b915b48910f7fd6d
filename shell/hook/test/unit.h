// The tests of the hook's pure functions, by file.
#ifndef VS_UNIT_H
#define VS_UNIT_H

#include "../environment.h"

// As a session's programs have it.
static const struct vs_identity identity = {
    .library = "/lib/hook.so",
    .socket_entry = "VAULT_SHELL_SOCKET=/run/broker",
    .session_entry = "VAULT_SHELL_SESSION=1-ab",
};

#define WHOLE                                                                                    \
    (char *)"LD_PRELOAD=/lib/hook.so", (char *)"VAULT_SHELL_SOCKET=/run/broker",                 \
        (char *)"VAULT_SHELL_SESSION=1-ab", (char *)"VAULT=$VAULT", \
        (char *)"VAULT_FILE=$VAULT_FILE"

void test_grammar(void);
void test_survey(void);
void test_lacking(void);
void test_vectors(void);
void test_names(void);
void test_exposures(void);
void test_answers(void);
void test_left_as_text(void);
void test_value_files(void);
void test_close_all(void);
void test_spawn_files(void);
void test_requests(void);
void test_programs(void);
void test_symbols(void);

// For `scan`: see unit.c. Gives the exit code.
int scan_lines(void);

#endif
