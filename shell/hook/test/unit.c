// The hook's pure functions under ASan and UBSan: `make check`. With `scan` as an argument it reads
// lines of hexadecimal text and says what the grammar sees in each; a test compares that with
// src/base/placeholder.ts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../environment.h"
#include "../frame.h"
#include "../program.h"
#include "../protocol.h"
#include "../rewrite.h"

static int failures;
static int checks;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool holds, const char *what, int line) {
    checks++;
    if (holds) return;
    failures++;
    fprintf(stderr, "unit.c:%d: %s\n", line, what);
}

static bool same(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const struct vs_identity identity = {
    .library = "/lib/hook.so",
    .socket_entry = "VAULT_SHELL_SOCKET=/run/broker",
    .session_entry = "VAULT_SHELL_SESSION=1-ab",
};

#define WHOLE                                                                                    \
    (char *)"LD_PRELOAD=/lib/hook.so", (char *)"VAULT_SHELL_SOCKET=/run/broker",                 \
        (char *)"VAULT_SHELL_SESSION=1-ab", (char *)"VAULT=$VAULT"

static void test_grammar(void) {
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

static void test_survey(void) {
    char *argv[] = {"$VAULT<zero>", "$VAULT<a>$VAULT<b>", "no", "$VAULT<a>", NULL};
    char *envp[] = {WHOLE, "X=1=$VAULT<c>", "$VAULT<d>=x", "noequals$VAULT<e>", NULL};
    struct vs_survey survey = vs_survey(argv, envp, &identity);
    CHECK(survey.placeholders == 4); // not argv[0], not a name, not an entry that is no variable
    CHECK(!survey.malformed && !survey.literal && survey.lacking == 0);
    survey = vs_survey(NULL, NULL, &identity);
    CHECK(survey.placeholders == 0 && survey.lacking == 15);
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

static void test_lacking(void) {
    const struct {
        char *envp[6];
        unsigned lacking;
    } cases[] = {
        {{WHOLE, NULL}, 0},
        {{NULL}, 15},
        {{"LD_PRELOAD=/lib/hook.so", NULL}, 14},
        {{"LD_PRELOAD=/other.so /lib/hook.so:/x.so", NULL}, 14},
        {{"LD_PRELOAD=/lib/hook.so.1", NULL}, 15},
        {{"LD_PRELOAD", NULL}, 15},
        {{"LD_PRELOAD=", NULL}, 15},
        {{"LD_PRELOAD=/lib/hook.so", "LD_PRELOAD=/other.so", NULL}, 15},
        {{"VAULT_SHELL_SOCKET=", "VAULT_SHELL_SESSION=9-other", "VAULT=mine", NULL}, 3},
        {{"VAULTX=1", "VAULT_SHELL_SOCKETS=1", NULL}, 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(vs_lacking(cases[i].envp, &identity) == cases[i].lacking);
    }
}

// Builds as launch.c does: counts, then writes into exactly as much memory, which ASan guards.
static void *build(char *const *argv, char *const *envp, const char *value, struct vs_vectors *vectors) {
    const struct vs_survey survey = vs_survey(argv, envp, &identity);
    void *memory = calloc(1, vs_names_bytes(survey.placeholders));
    struct vs_names names;
    vs_collect_names(&names, memory, survey.placeholders, argv, envp);
    for (uint32_t i = 0; i < names.count; i++) {
        names.items[i].value = value;
        names.items[i].value_length = (uint32_t)strlen(value);
    }
    const size_t size = vs_build_vectors(NULL, argv, envp, &identity, survey.lacking, &names, NULL);
    void *region = malloc(size);
    CHECK(region != NULL);
    CHECK(vs_build_vectors(region, argv, envp, &identity, survey.lacking, &names, vectors) == size);
    free(memory);
    return region;
}

static void check_vector(char *const *got, char *const *wanted) {
    size_t i = 0;
    for (; wanted[i] != NULL && got[i] != NULL; i++) {
        if (!same(got[i], wanted[i])) fprintf(stderr, "got %s, want %s\n", got[i], wanted[i]);
        CHECK(same(got[i], wanted[i]));
    }
    CHECK(got[i] == NULL && wanted[i] == NULL);
}

static void test_vectors(void) {
    struct vs_vectors vectors;
    {
        char *argv[] = {"$VAULT<a>", "-H", "x $VAULT<a>,$VAULT<b>.", "", NULL};
        char *envp[] = {"A=$VAULT<a>", WHOLE, NULL};
        char *want_argv[] = {"$VAULT<a>", "-H", "x VALUE,VALUE.", "", NULL};
        char *want_envp[] = {"A=VALUE", WHOLE, NULL};
        void *region = build(argv, envp, "VALUE", &vectors);
        check_vector(vectors.argv, want_argv);
        check_vector(vectors.envp, want_envp);
        CHECK(vectors.argv[1] == argv[1]); // what does not change is not copied
        free(region);
    }
    {
        // A value that looks like a placeholder is not looked at again.
        char *argv[] = {"p", "$VAULT<a>", NULL};
        char *envp[] = {WHOLE, NULL};
        char *want_argv[] = {"p", "$VAULT<b>", NULL};
        void *region = build(argv, envp, "$VAULT<b>", &vectors);
        check_vector(vectors.argv, want_argv);
        free(region);
    }
    {
        char *argv[] = {"p", NULL};
        char *want_envp[] = {WHOLE, NULL};
        void *region = build(argv, NULL, "", &vectors);
        check_vector(vectors.envp, want_envp);
        free(region);
        region = build(NULL, NULL, "", &vectors);
        CHECK(vectors.argv[0] == NULL);
        check_vector(vectors.envp, want_envp);
        free(region);
    }
    {
        char *argv[] = {"p", NULL};
        char *envp[] = {"odd", "=x", "LD_PRELOAD=/a.so:/b.so", "VAULT=", "VAULT_SHELL_SOCKET=/other",
                        "LD_PRELOAD=", NULL};
        char *want_envp[] = {"odd", "=x", "LD_PRELOAD=/lib/hook.so:/a.so:/b.so",
                             "VAULT_SHELL_SOCKET=/other", "LD_PRELOAD=/lib/hook.so",
                             "VAULT_SHELL_SESSION=1-ab", "VAULT=$VAULT", NULL};
        void *region = build(argv, envp, "", &vectors);
        check_vector(vectors.envp, want_envp);
        free(region);
    }
    {
        // More than any kernel takes is refused before memory is asked for.
        static char many[1 << 20];
        for (size_t i = 0; i + 9 < sizeof many; i += 9) memcpy(many + i, "$VAULT<a>", 9);
        static char value[65536];
        memset(value, 'v', sizeof value - 1);
        char *argv[] = {"p", many, NULL};
        const struct vs_survey survey = vs_survey(argv, NULL, &identity);
        void *memory = calloc(1, vs_names_bytes(survey.placeholders));
        struct vs_names names;
        vs_collect_names(&names, memory, survey.placeholders, argv, NULL);
        CHECK(names.count == 1 && survey.placeholders == sizeof many / 9);
        names.items[0].value = value;
        names.items[0].value_length = sizeof value - 1;
        CHECK(vs_build_vectors(NULL, argv, NULL, &identity, 0, &names, NULL) == 0);
        free(memory);
    }
}

static void test_names(void) {
    enum { COUNT = 10000 };
    char **argv = calloc(2 * COUNT + 2, sizeof *argv);
    argv[0] = "p";
    for (int i = 0; i < 2 * COUNT; i++) {
        argv[i + 1] = malloc(32);
        snprintf(argv[i + 1], 32, "$VAULT<n%d>", i % COUNT);
    }
    const struct vs_survey survey = vs_survey(argv, NULL, &identity);
    void *memory = calloc(1, vs_names_bytes(survey.placeholders));
    struct vs_names names;
    vs_collect_names(&names, memory, survey.placeholders, argv, NULL);
    CHECK(survey.placeholders == 2 * COUNT && names.count == COUNT);
    CHECK(names.items[0].length == 2 && memcmp(names.items[0].text, "n0", 2) == 0);
    CHECK(names.items[COUNT - 1].length == 5 && memcmp(names.items[COUNT - 1].text, "n9999", 5) == 0);
    for (int i = 0; i < 2 * COUNT; i++) free(argv[i + 1]);
    free(argv);
    free(memory);
}

// A VALUES answer of grant "g" and the values "one" and "two".
static size_t values_frame(unsigned char *bytes) {
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_VALUES);
    vs_put_string(&writer, "g", 1);
    vs_put_u32(&writer, 2);
    vs_put_string(&writer, "one", 3);
    vs_put_string(&writer, "two", 3);
    vs_end_frame(&writer);
    return writer.used - 4;
}

static bool parse(const unsigned char *frame, size_t length, uint32_t count) {
    // In memory of the very size: reading past the end is seen.
    unsigned char *copy = malloc(length == 0 ? 1 : length);
    memcpy(copy, frame, length);
    struct vs_name items[4] = {0};
    struct vs_names names = {.items = items, .count = count};
    struct vs_answer answer;
    const bool parsed = vs_parse_answer(copy, length, &names, &answer);
    if (parsed && answer.type == VS_TYPE_VALUES) {
        for (uint32_t i = 0; i < count; i++) CHECK(memchr(items[i].value, 0, items[i].value_length) == NULL);
    }
    free(copy);
    return parsed;
}

static void test_answers(void) {
    unsigned char bytes[256];
    const size_t length = values_frame(bytes);
    unsigned char *frame = bytes + 4;
    CHECK(parse(frame, length, 2));
    CHECK(!parse(frame, length, 1));
    CHECK(!parse(frame, length, 3));
    for (size_t cut = 0; cut < length; cut++) CHECK(!parse(frame, cut, 2));
    frame[length] = 0;
    CHECK(!parse(frame, length + 1, 2)); // something behind the end
    for (size_t at = 0; at < length; at++) {
        for (int value = 0; value < 256; value++) { // any single byte changed: must not be read past
            unsigned char changed[256];
            memcpy(changed, frame, length);
            changed[at] = (unsigned char)value;
            parse(changed, length, 2);
        }
    }
    values_frame(bytes);
    frame[0] = 2;
    CHECK(!parse(frame, length, 2)); // another version
    values_frame(bytes);
    frame[1] = 99;
    CHECK(!parse(frame, length, 2)); // an unknown type
    values_frame(bytes);
    memset(frame + 7, 0xff, 4);
    CHECK(!parse(frame, length, 2)); // a count of four thousand million
    values_frame(bytes);
    frame[15] = 0;
    CHECK(!parse(frame, length, 2)); // a NUL within a value
    const unsigned char ok[] = {VS_PROTOCOL_VERSION, VS_TYPE_OK};
    CHECK(parse(ok, sizeof ok, 2));
    const unsigned char denied[] = {VS_PROTOCOL_VERSION, VS_TYPE_DENIED, 2, 0, 0, 0, 'n', 'o'};
    CHECK(parse(denied, sizeof denied, 2) && !parse(denied, sizeof denied - 1, 2));
}

static void test_requests(void) {
    struct vs_names none = {0};
    char *argv[] = {"p", "-x", NULL};
    struct vs_request request = {.session = "s", .cwd = "/", .program = "/p", .argv = argv, .names = &none};
    struct vs_writer writer = {NULL, 0};
    CHECK(vs_put_resolve(&writer, &request));
    const size_t size = writer.used;
    writer.bytes = malloc(size);
    CHECK(vs_put_resolve(&writer, &request) && writer.used == size);
    CHECK(writer.bytes[0] == size - 4 && writer.bytes[4] == VS_PROTOCOL_VERSION);
    free(writer.bytes);
    char *huge = malloc(VS_MAX_FRAME_BYTES + 1);
    memset(huge, 'x', VS_MAX_FRAME_BYTES);
    huge[VS_MAX_FRAME_BYTES] = '\0';
    char *too_much[] = {"p", huge, huge, NULL};
    request.argv = too_much;
    writer.bytes = NULL;
    CHECK(!vs_put_resolve(&writer, &request));
    request.argv = NULL;
    CHECK(vs_put_resolve(&writer, &request));
    free(huge);
}

static void test_programs(void) {
    CHECK(vs_is_pass_through_name("bash", 4) && vs_is_pass_through_name("xargs", 5));
    CHECK(!vs_is_pass_through_name("bas", 3) && !vs_is_pass_through_name("bash5", 5));
    CHECK(!vs_is_pass_through_name("", 0));
    char *shell[] = {"busybox", "sh", "-c", "$VAULT<a>", NULL}, *tool[] = {"busybox", "wget", NULL};
    CHECK(vs_is_pass_through_applet("/bin/busybox", shell));
    CHECK(!vs_is_pass_through_applet("/bin/busybox", tool) && !vs_is_pass_through_applet("/x/tool", shell));
    CHECK(!vs_is_pass_through_applet("busybox", NULL));
    const struct {
        const char *head;
        const char *interpreter;
    } cases[] = {
        {"#!/bin/sh\n", "/bin/sh"}, {"#! \t/bin/sh -e\n", "/bin/sh"}, {"#!/usr/bin/env node\n", "/usr/bin/env"},
        {"#!/bin/sh", "/bin/sh"},   {"#!\n", NULL},                   {"#!   ", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[257];
        strcpy(head, cases[i].head);
        CHECK(same(vs_interpreter(head, strlen(cases[i].head)), cases[i].interpreter));
    }
    char full[257];
    memset(full, 'x', 256);
    memcpy(full, "#!/", 3);
    CHECK(vs_interpreter(full, 256) == NULL);
}

static int scan_lines(void) {
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
            else if (!malformed) printf("%.*s ", (int)found.name_length, found.name);
        }
        puts(malformed ? "malformed" : "ok");
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "scan") == 0) return scan_lines();
    test_grammar();
    test_survey();
    test_lacking();
    test_vectors();
    test_names();
    test_answers();
    test_requests();
    test_programs();
    printf("hook unit test: %d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
