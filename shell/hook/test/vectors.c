// The new argv and environment, and the names that they ask for.
#include <stdlib.h>
#include <string.h>

#include "../../test/check.h"
#include "../protocol.h"
#include "../rewrite.h"
#include "unit.h"

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

void test_vectors(void) {
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

void test_names(void) {
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

void test_exposures(void) {
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
