// What placeholders and the entries of an environment look like.
#include <stdlib.h>
#include <string.h>

#include "../../test/check.h"
#include "../placeholder.h"
#include "../rewrite.h"
#include "unit.h"

void test_grammar(void) {
    char longest[256], too_long[256];
    snprintf(longest, sizeof longest, "$VAULT<%0128d>", 0);
    snprintf(too_long, sizeof too_long, "$VAULT<%0129d>", 0);
    longest[7] = too_long[7] = 'n';
    const struct {
        const char *text;
        enum vs_scan scan;
        const char *name;
    } cases[] = {
        {"", VS_SCAN_NONE, NULL},
        {"$VAULT", VS_SCAN_NONE, NULL},
        {"$VAULT <a>", VS_SCAN_NONE, NULL},
        {"$vault<a>", VS_SCAN_NONE, NULL},
        {"$VAULT<a>", VS_SCAN_FOUND, "a"},
        {"$VAULT_FILE", VS_SCAN_NONE, NULL},
        {"$VAULT_FILES<a>", VS_SCAN_NONE, NULL},
        {"$VAULT_<a>", VS_SCAN_NONE, NULL},
        {"$VAULT_file<a>", VS_SCAN_NONE, NULL},
        {"$VAULT_FILE<a>", VS_SCAN_FOUND, "a"},
        {"$VAULT_FILE$VAULT<a>", VS_SCAN_FOUND, "a"},
        {"$VAULT$VAULT_FILE<b>", VS_SCAN_FOUND, "b"},
        {"$VAULT_FILE<", VS_SCAN_MALFORMED, ""},
        {"$VAULT_FILE<a b>", VS_SCAN_MALFORMED, "a"},
        {"$VAULT_FILE<$VAULT<a>>", VS_SCAN_MALFORMED, ""},
        {"x$$VAULT<_a.b/c-9>y", VS_SCAN_FOUND, "_a.b/c-9"},
        {"$VAULT<", VS_SCAN_MALFORMED, ""},
        {"$VAULT<>", VS_SCAN_MALFORMED, ""},
        {"$VAULT<9a>", VS_SCAN_MALFORMED, ""},
        {"$VAULT<a b>", VS_SCAN_MALFORMED, "a"},
        {"$VAULT<a", VS_SCAN_MALFORMED, "a"},
        {"$VAULT<$VAULT<a>>", VS_SCAN_MALFORMED, ""},
        {"$VAULT<caf\xc3\xa9>", VS_SCAN_MALFORMED, "caf"},
        {longest, VS_SCAN_FOUND, NULL},
        {too_long, VS_SCAN_MALFORMED, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vs_placeholder found = {0};
        CHECK(vs_next_placeholder(cases[i].text, &found) == cases[i].scan);
        if (cases[i].name == NULL) continue;
        CHECK(found.name_length == strlen(cases[i].name));
        CHECK(memcmp(found.name, cases[i].name, found.name_length) == 0);
    }
}

void test_survey(void) {
    char *argv[] = {"$VAULT<zero>", "$VAULT<a>$VAULT<b>", "no", "$VAULT<a>", NULL};
    char *envp[] = {WHOLE, "X=1=$VAULT<c>", "$VAULT<d>=x", "noequals$VAULT<e>", NULL};
    struct vs_survey survey = vs_survey(argv, envp, &identity);
    CHECK(survey.placeholders == 4); // not argv[0], not a name, not an entry that is no variable
    CHECK(!survey.malformed && !survey.literal && survey.lacking == 0);
    survey = vs_survey(NULL, NULL, &identity);
    CHECK(survey.placeholders == 0 && survey.lacking == 31);
    char *nothing[] = {NULL};
    survey = vs_survey(nothing, nothing, &identity);
    CHECK(survey.placeholders == 0);
    char *broken[] = {"p", "$VAULT<a", "$VAULT<b>", NULL};
    survey = vs_survey(broken, envp, &identity);
    CHECK(survey.malformed && survey.placeholders == 2);
    char *literal[] = {WHOLE, "VAULT_SHELL_LITERAL=1", NULL};
    CHECK(vs_survey(argv, literal, &identity).literal);
    char *not_literal[] = {WHOLE, "VAULT_SHELL_LITERAL=0", "XVAULT_SHELL_LITERAL=1", NULL};
    CHECK(!vs_survey(argv, not_literal, &identity).literal);
}

void test_lacking(void) {
    const struct {
        char *envp[7];
        unsigned lacking;
    } cases[] = {
        {{WHOLE, NULL}, 0},
        {{NULL}, 31},
        {{"LD_PRELOAD=/lib/hook.so", NULL}, 30},
        {{"LD_PRELOAD=/other.so /lib/hook.so:/x.so", NULL}, 30},
        {{"LD_PRELOAD=/lib/hook.so.1", NULL}, 31},
        {{"LD_PRELOAD", NULL}, 31},
        {{"LD_PRELOAD=", NULL}, 31},
        {{"LD_PRELOAD=/lib/hook.so", "LD_PRELOAD=/other.so", NULL}, 31},
        {{"VAULT_SHELL_SOCKET=", "VAULT_SHELL_SESSION=9-other", "VAULT=mine", NULL}, 19},
        {{"VAULT_FILE=", "VAULT=$VAULT", NULL}, 23},
        {{"VAULT_FILE=mine", NULL}, 15},
        {{"VAULTX=1", "VAULT_SHELL_SOCKETS=1", NULL}, 31},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(vs_lacking(cases[i].envp, &identity) == cases[i].lacking);
    }
}

int scan_lines(void) {
    static char line[1 << 16], text[1 << 15];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t length = 0;
        unsigned byte;
        for (const char *at = line; sscanf(at, "%2x", &byte) == 1; at += 2) text[length++] = (char)byte;
        text[length] = '\0';
        struct vs_placeholder found;
        enum vs_scan scan;
        bool malformed = false;
        for (const char *at = text; (scan = vs_next_placeholder(at, &found)) != VS_SCAN_NONE; at = found.end) {
            if (scan == VS_SCAN_MALFORMED) malformed = true;
            else if (!malformed) printf("%s%.*s ", found.is_file ? "file:" : "", (int)found.name_length, found.name);
        }
        puts(malformed ? "malformed" : "ok");
    }
    return 0;
}
