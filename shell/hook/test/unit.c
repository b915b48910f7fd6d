// The hook's pure functions under ASan and UBSan: `make check`. With `scan` as an argument it reads
// lines of hexadecimal text and says what the grammar sees in each; a test compares that with
// src/base/placeholder.ts.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../environment.h"
#include "../frame.h"
#include "../placeholder.h"
#include "../program.h"
#include "../protocol.h"
#include "../rewrite.h"
#include "../spawn-files.h"
#include "../symbols.h"
#include "../value-file.h"

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
        (char *)"VAULT_SHELL_SESSION=1-ab", (char *)"VAULT=$VAULT", \
        (char *)"VAULT_FILE=$VAULT_FILE"

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

static void test_survey(void) {
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

static void test_lacking(void) {
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

// Builds as launch.c does: counts, then writes into exactly as much memory, which ASan guards.
static void *build(char *const *argv, char *const *envp, const char *value, struct vs_vectors *vectors) {
    const struct vs_survey survey = vs_survey(argv, envp, &identity);
    void *memory = calloc(1, vs_names_bytes(survey.placeholders));
    struct vs_names names;
    vs_collect_names(&names, memory, survey.placeholders, argv, envp);
    for (uint32_t i = 0; i < names.count; i++) {
        names.items[i].value = value;
        names.items[i].value_length = (uint32_t)strlen(value);
        if ((names.items[i].exposures & VS_EXPOSURE_FILE) != 0) names.items[i].file = 100 + (int)i;
        // Names of one kind stand for those that are left as text.
        names.items[i].is_text = names.items[i].text[0] == 't';
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
        // A file has one path, also where its value is asked for as well; a name left as text stays.
        char *argv[] = {"p", "@$VAULT_FILE<a>:$VAULT<a>", "$VAULT<b>", "$VAULT_FILE<c>", NULL};
        char *envp[] = {"A=$VAULT_FILE<a>", "T=x$VAULT<t>,$VAULT<b>,$VAULT_FILE<t>", WHOLE, NULL};
        char *want_argv[] = {"p", "@/proc/self/fd/100:VALUE", "VALUE", "/proc/self/fd/102", NULL};
        char *want_envp[] = {"A=/proc/self/fd/100", "T=x$VAULT<t>,VALUE,$VAULT_FILE<t>", WHOLE, NULL};
        void *region = build(argv, envp, "VALUE", &vectors);
        check_vector(vectors.argv, want_argv);
        check_vector(vectors.envp, want_envp);
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
                             "VAULT_SHELL_SESSION=1-ab", "VAULT=$VAULT", "VAULT_FILE=$VAULT_FILE", NULL};
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

static void test_exposures(void) {
    char *argv[] = {"p", "$VAULT<a>$VAULT_FILE<b>", "$VAULT_FILE<c>", NULL};
    char *envp[] = {"A=$VAULT<a>$VAULT<d>", "B=$VAULT_FILE<e>$VAULT<e>$VAULT<c>", NULL};
    static const struct {
        const char *name;
        uint32_t exposures;
    } wanted[] = {
        {"a", VS_EXPOSURE_ARGV | VS_EXPOSURE_ENV},
        {"b", VS_EXPOSURE_FILE},
        {"c", VS_EXPOSURE_FILE | VS_EXPOSURE_ENV},
        {"d", VS_EXPOSURE_ENV | VS_EXPOSURE_OPTIONAL},
        {"e", VS_EXPOSURE_FILE | VS_EXPOSURE_ENV | VS_EXPOSURE_OPTIONAL},
    };
    const struct vs_survey survey = vs_survey(argv, envp, &identity);
    CHECK(survey.placeholders == 8);
    void *memory = calloc(1, vs_names_bytes(survey.placeholders));
    struct vs_names names;
    vs_collect_names(&names, memory, survey.placeholders, argv, envp);
    CHECK(names.count == sizeof wanted / sizeof *wanted);
    for (uint32_t i = 0; i < names.count; i++) {
        CHECK(names.items[i].text[0] == wanted[i].name[0] && names.items[i].file == -1);
        CHECK(names.items[i].exposures == wanted[i].exposures);
    }
    free(memory);
}

// A VALUES answer of grant "g" and the values "one" and "two".
static size_t values_frame(unsigned char *bytes) {
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_VALUES);
    vs_put_string(&writer, "g", 1);
    vs_put_u32(&writer, 2);
    vs_put_u32(&writer, VS_STATUS_RELEASED);
    vs_put_string(&writer, "one", 3);
    vs_put_u32(&writer, VS_STATUS_RELEASED);
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
    frame[0] = VS_PROTOCOL_VERSION + 1;
    CHECK(!parse(frame, length, 2)); // another version
    values_frame(bytes);
    frame[1] = 99;
    CHECK(!parse(frame, length, 2)); // an unknown type
    values_frame(bytes);
    memset(frame + 7, 0xff, 4);
    CHECK(!parse(frame, length, 2)); // a count of four thousand million
    values_frame(bytes);
    frame[19] = 0;
    CHECK(!parse(frame, length, 2)); // a NUL within a value
    const unsigned char ok[] = {VS_PROTOCOL_VERSION, VS_TYPE_OK};
    CHECK(parse(ok, sizeof ok, 2));
    const unsigned char denied[] = {VS_PROTOCOL_VERSION, VS_TYPE_DENIED, 2, 0, 0, 0, 'n', 'o'};
    CHECK(parse(denied, sizeof denied, 2) && !parse(denied, sizeof denied - 1, 2));
}

// An answer of one name with this status and value.
static bool parse_one(uint32_t status, const char *value, uint32_t exposures, struct vs_name *name) {
    unsigned char bytes[64];
    struct vs_writer writer = {bytes, 0};
    vs_begin_frame(&writer, VS_TYPE_VALUES);
    vs_put_string(&writer, "g", 1);
    vs_put_u32(&writer, 1);
    vs_put_u32(&writer, status);
    vs_put_string(&writer, value, strlen(value));
    vs_end_frame(&writer);
    *name = (struct vs_name){.exposures = exposures};
    struct vs_names names = {.items = name, .count = 1};
    struct vs_answer answer;
    return vs_parse_answer(bytes + 4, writer.used - 4, &names, &answer);
}

static void test_left_as_text(void) {
    const uint32_t env = VS_EXPOSURE_ENV | VS_EXPOSURE_OPTIONAL;
    struct vs_name name;
    CHECK(parse_one(VS_STATUS_RELEASED, "v", env, &name) && !name.is_text);
    CHECK(parse_one(VS_STATUS_TEXT, "", env, &name) && name.is_text);
    CHECK(!parse_one(VS_STATUS_TEXT, "v", env, &name)); // a value that nobody is to see
    CHECK(!parse_one(VS_STATUS_TEXT, "", VS_EXPOSURE_ENV | VS_EXPOSURE_ARGV, &name));
    CHECK(!parse_one(2, "v", env, &name));
}

static void test_value_files(void) {
    int file = vs_make_value_file("a value", 7), copy = vs_copy_value_file(file);
    CHECK(file >= VS_FIRST_FILE && copy >= VS_FIRST_FILE && file != copy);
    struct stat status;
    CHECK(fstat(file, &status) == 0 && (status.st_mode & 07777) == 0400 && status.st_size == 7);
    CHECK(write(file, "x", 1) == -1 && ftruncate(file, 0) == -1 && fchmod(file, 0400) == 0);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC && fcntl(copy, F_GETFD) == FD_CLOEXEC);
    char path[64], text[16];
    const int again = open(vs_path_at(path, sizeof path, file, ""), O_RDONLY);
    CHECK(read(again, text, sizeof text) == 7 && memcmp(text, "a value", 7) == 0);
    close(again);
    CHECK(vs_hand_over_value_file(file) && fcntl(file, F_GETFD) == 0);
    vs_close_value_file(&file);
    vs_close_value_file(&copy);
    CHECK(file == -1 && copy == -1);
    vs_close_value_file(&file); // nothing
    file = vs_make_value_file("", 0);
    CHECK(fstat(file, &status) == 0 && status.st_size == 0);
    vs_close_value_file(&file);
}

static unsigned ranges[4][2];
static int range_count;
static int note_range(unsigned first, unsigned last, int flags) {
    CHECK(flags == 0 && range_count < 4);
    ranges[range_count][0] = first;
    ranges[range_count++][1] = last;
    return 0;
}

static void test_close_all(void) {
    CHECK(vs_close_all(3, ~0u, note_range) == 0 && range_count == 1);
    CHECK(ranges[0][0] == 3 && ranges[0][1] == ~0u);
    int file = vs_make_value_file("v", 1), copy = vs_copy_value_file(file);
    range_count = 0;
    CHECK(file == 100 && copy == 101 && vs_close_all(3, ~0u, note_range) == 0 && range_count == 2);
    CHECK(ranges[0][0] == 3 && ranges[0][1] == 99 && ranges[1][0] == 102 && ranges[1][1] == ~0u);
    range_count = 0;
    CHECK(vs_close_all(100, 101, note_range) == 0 && range_count == 0);
    vs_close_value_file(&file);
    vs_close_value_file(&copy);
    const int other = fcntl(0, F_DUPFD, VS_FIRST_FILE);
    CHECK(vs_close_all(3, ~0u, note_range) == 0 && range_count == 1 && ranges[0][0] == 3);
    close(other);
}

// Spawns `cat` of the file with these actions of the caller's; gives its exit code, or -1 without one.
static int spawn_cat(const posix_spawn_file_actions_t *given, bool clash) {
    struct vs_name item = {.exposures = VS_EXPOSURE_FILE};
    item.file = vs_make_value_file("v", 1);
    item.source = vs_copy_value_file(item.file);
    posix_spawn_file_actions_t clashing;
    posix_spawn_file_actions_init(&clashing);
    posix_spawn_file_actions_adddup2(&clashing, 0, item.source);
    struct vs_names names = {.items = &item, .count = 1};
    struct vs_spawn_files files = {0};
    const posix_spawn_file_actions_t *actions = vs_add_spawn_files(&files, clash ? &clashing : given, &names);
    int status = -1;
    if (actions != NULL) {
        char path[64], script[128];
        vs_path_at(path, sizeof path, item.file, "");
        snprintf(script, sizeof script, "test \"$(cat %s)\" = v && ! test -e /proc/self/fd/%d", path, item.source);
        char *argv[] = {"sh", "-c", script, NULL}, *envp[] = {"PATH=/usr/bin:/bin", NULL};
        pid_t child;
        CHECK(posix_spawn(&child, "/bin/sh", actions, NULL, argv, envp) == 0);
        CHECK(waitpid(child, &status, 0) == child);
    }
    vs_drop_spawn_files(&files);
    posix_spawn_file_actions_destroy(&clashing);
    vs_close_value_file(&item.file);
    vs_close_value_file(&item.source);
    return status;
}

static void test_spawn_files(void) {
    CHECK(spawn_cat(NULL, false) == 0);
    posix_spawn_file_actions_t given;
    posix_spawn_file_actions_init(&given);
    CHECK(spawn_cat(&given, false) == 0); // none yet
    for (int i = 0; i < 20; i++) {
        posix_spawn_file_actions_addopen(&given, i % 3, "/dev/null", O_RDWR, 0);
        CHECK(spawn_cat(&given, false) == 0);
    }
    posix_spawn_file_actions_destroy(&given);
    CHECK(spawn_cat(NULL, true) == -1); // another file would stand in the value's place
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
    // As it lies in the repository and in a package: here the library is any file in a directory next to src.
    char *ours[] = {"node", "--flag", "../src/cli/main.js", "-c", "x", NULL}, *other[] = {"node", "x.js", NULL};
    char *bare[] = {"node", NULL};
    char home[] = "/tmp/vault-shell-unit-XXXXXX", old[PATH_MAX];
    const char *const made[] = {"shell", "src", "src/cli"};
    CHECK(mkdtemp(home) != NULL && getcwd(old, sizeof old) != NULL && chdir(home) == 0);
    for (size_t i = 0; i < 3; i++) CHECK(mkdir(made[i], 0700) == 0);
    const int library = creat("shell/hook.so", 0600), script = creat("src/cli/main.js", 0600), text = creat("shell/x.js", 0600);
    CHECK(library != -1 && script != -1 && text != -1 && symlink("shell/hook.so", "link.so") == 0 && chdir("shell") == 0);
    CHECK(vs_runs_vault_shell("hook.so", ours) && vs_runs_vault_shell("../link.so", ours));
    CHECK(!vs_runs_vault_shell("hook.so", other) && !vs_runs_vault_shell("hook.so", bare));
    CHECK(!vs_runs_vault_shell("missing.so", ours) && !vs_runs_vault_shell("hook.so", NULL));
    CHECK(unlink("../src/cli/main.js") == 0 && !vs_runs_vault_shell("hook.so", ours));
    const char *const gone[] = {"hook.so", "x.js", "../link.so"};
    for (size_t i = 0; i < 3; i++) unlink(gone[i]);
    const char *const left[] = {"src/cli", "src", "shell"};
    CHECK(chdir(home) == 0);
    for (size_t i = 0; i < 3; i++) rmdir(left[i]);
    CHECK(chdir(old) == 0 && rmdir(home) == 0);
    close(library);
    close(script);
    close(text);
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
            else if (!malformed) printf("%s%.*s ", found.is_file ? "file:" : "", (int)found.name_length, found.name);
        }
        puts(malformed ? "malformed" : "ok");
    }
    return 0;
}

// The same functions that dlsym gives, in their newest versions, and no others.
static void test_symbols(void) {
    static const char *const names[] = {"execve", "execvpe", "fexecve", "posix_spawn", "posix_spawnp", "waitpid",
                                        "wait3", "wait4", "waitid", "realpath", "pthread_cond_wait", "no_such_name"};
    enum { COUNT = sizeof names / sizeof *names };
    void *found[COUNT] = {NULL};
    struct vs_symbol symbols[COUNT];
    for (size_t i = 0; i < COUNT; i++) symbols[i] = (struct vs_symbol){names[i], &found[i]};
    char path[PATH_MAX];
    CHECK(vs_find_symbols(symbols, COUNT, path, sizeof path));
    for (size_t i = 0; i < COUNT; i++) CHECK(found[i] == dlsym(RTLD_NEXT, names[i]));
    CHECK(found[COUNT - 1] == NULL && found[0] != NULL);
    char none[1];
    CHECK(vs_find_symbols(symbols, 1, none, sizeof none) == (path[0] == '\0'));
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "scan") == 0) return scan_lines();
    test_grammar();
    test_survey();
    test_lacking();
    test_vectors();
    test_names();
    test_exposures();
    test_answers();
    test_left_as_text();
    test_value_files();
    test_close_all();
    test_spawn_files();
    test_requests();
    test_programs();
    test_symbols();
    printf("hook unit test: %d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
