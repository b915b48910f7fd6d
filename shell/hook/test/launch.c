// Files of values, what a program is, and the functions of the C library.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../test/check.h"
#include "../program.h"
#include "../protocol.h"
#include "../spawn-files.h"
#include "../symbols.h"
#include "../value-file.h"
#include "unit.h"

void test_value_files(void) {
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

void test_close_all(void) {
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

void test_spawn_files(void) {
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

void test_programs(void) {
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

// The same functions that dlsym gives, in their newest versions, and no others.
void test_symbols(void) {
    static const char *const names[] = {"execve", "execvpe", "fexecve", "posix_spawn", "posix_spawnp", "waitpid",
                                        "wait3", "wait4", "waitid", "realpath", "pthread_cond_wait", "no_such_name"};
    enum { COUNT = sizeof names / sizeof *names };
    void *found[COUNT] = {NULL};
    struct vs_symbol symbols[COUNT];
    for (size_t i = 0; i < COUNT; i++) symbols[i] = (struct vs_symbol){names[i], &found[i]};
    CHECK(vs_find_symbols(symbols, COUNT) != NULL);
    for (size_t i = 0; i < COUNT; i++) CHECK(found[i] == dlsym(RTLD_NEXT, names[i]));
    CHECK(found[COUNT - 1] == NULL && found[0] != NULL);
}
