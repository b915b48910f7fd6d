#define _GNU_SOURCE
#include "variables.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../hook/client.h"
#include "../hook/message.h"
#include "../hook/protocol.h"
#include "../hook/rewrite.h"

extern char **environ;

static const struct vs_state *session;
static char grant[VS_MAX_GRANT_LENGTH + 1];
static struct vs_map values;

static char **refuse(const struct vs_program *program, const char *why) {
    vs_complain(why, strlen(why), program->file, " was not run");
    return NULL;
}

static bool is_set_by(const struct vs_wanted *wanted, const char *entry) {
    return strncmp(entry, wanted->variable, wanted->variable_length) == 0 && entry[wanted->variable_length] == '=';
}

// The last of several for one variable counts.
static bool is_replaced(const struct vs_program *program, size_t from, const char *entry) {
    for (size_t i = from; i < program->wanted_count; i++) {
        if (is_set_by(&program->wanted[i], entry)) return true;
    }
    return false;
}

// As in src/session/environment.ts: all that is ours goes but these, known or not; some of it unlocks a vault.
static bool is_kept(const char *entry) {
    static const char *const KEPT[] = {"SOCKET=", "SESSION=", "DIR=", "DEBUG=", "LITERAL="};
    static const char OWN[] = "VAULT_SHELL_";
    if (strncmp(entry, OWN, sizeof OWN - 1) != 0) return true;
    for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
        if (strncmp(entry + sizeof OWN - 1, KEPT[i], strlen(KEPT[i])) == 0) return true;
    }
    return false;
}

static void drop_what_unlocks(void) {
    char **kept = environ;
    for (char **entry = environ; *entry != NULL; entry++) {
        if (is_kept(*entry)) *kept++ = *entry;
    }
    *kept = NULL;
}

// `VARIABLE=$VAULT<name>` for each that is wanted; gives how many.
static size_t make_entries(const struct vs_program *program, char **entries) {
    size_t count = 0;
    for (size_t i = 0; i < program->wanted_count; i++) {
        const struct vs_wanted *wanted = &program->wanted[i];
        char *entry = NULL;
        if (asprintf(&entry, "%.*s=$VAULT<%.*s>", (int)wanted->variable_length, wanted->variable,
                     (int)wanted->name_length, wanted->name) == -1) {
            return 0;
        }
        if (!is_replaced(program, i + 1, entry)) entries[count++] = entry;
    }
    entries[count] = NULL;
    return count;
}

static bool ask(const struct vs_program *program, struct vs_names *names, struct vs_map *frame,
                struct vs_answer *answer) {
    char cwd[PATH_MAX];
    if (getcwd(cwd, sizeof cwd) == NULL) cwd[0] = '\0';
    const struct vs_request request = {
        .pid = (uint32_t)getpid(),
        .ppid = (uint32_t)getppid(),
        .session = program->session->session,
        .cwd = cwd,
        .program = program->file,
        .argv = program->argv,
        .names = names,
    };
    struct vs_writer writer = {NULL, 0};
    if (!vs_put_resolve(&writer, &request)) return false;
    struct vs_map bytes;
    if (!vs_map(&bytes, writer.used)) return false;
    writer.bytes = bytes.base;
    vs_put_resolve(&writer, &request);
    const bool answered = vs_ask(program->session, &writer, VS_ANSWER_TIMEOUT_MS, names, frame, answer);
    vs_unmap(&bytes);
    return answered;
}

// The entries with their values, in memory that no core file has.
static char **resolve(const struct vs_program *program, char **entries) {
    const size_t count = program->wanted_count;
    struct vs_names names;
    struct vs_map names_memory, frame = {NULL, 0};
    if (!vs_map(&names_memory, vs_names_bytes(count))) return refuse(program, "out of memory; ");
    vs_collect_names(&names, names_memory.base, count, NULL, entries);
    // It is asked for, and not merely passed on: not given is refused.
    for (uint32_t i = 0; i < names.count; i++) names.items[i].exposures = VS_EXPOSURE_ENV;
    struct vs_answer answer;
    if (!ask(program, &names, &frame, &answer)) return refuse(program, "the session's broker gave no answer; ");
    if (answer.type == VS_TYPE_DENIED) {
        vs_complain(answer.text, answer.text_length, "", "");
        return NULL;
    }
    if (answer.type != VS_TYPE_VALUES) return refuse(program, "the session's broker gave no answer; ");
    session = program->session;
    memcpy(grant, answer.text, answer.text_length);
    static const struct vs_identity NONE = {"", "", ""};
    const size_t size = vs_build_vectors(NULL, NULL, entries, &NONE, 0, &names, NULL);
    struct vs_vectors vectors;
    if (size == 0 || !vs_map(&values, size)) return refuse(program, "out of memory; ");
    vs_build_vectors(values.base, NULL, entries, &NONE, 0, &names, &vectors);
    vs_unmap(&frame);
    return vectors.envp;
}

char **vs_make_variables(const struct vs_program *program) {
    drop_what_unlocks();
    if (program->wanted_count == 0) return environ;
    size_t own = 0;
    while (environ[own] != NULL) own++;
    char **all = calloc(own + program->wanted_count + 1, sizeof *all);
    char **entries = calloc(program->wanted_count + 1, sizeof *entries);
    if (all == NULL || entries == NULL || make_entries(program, entries) == 0) return refuse(program, "out of memory; ");
    entries = resolve(program, entries);
    if (entries == NULL) return NULL;
    size_t used = 0;
    for (size_t i = 0; i < own; i++) {
        if (!is_replaced(program, 0, environ[i])) all[used++] = environ[i];
    }
    for (size_t i = 0; entries[i] != NULL; i++) all[used++] = entries[i];
    return all;
}

void vs_drop_variables(int error) {
    vs_unmap(&values);
    if (grant[0] != '\0') vs_report_failed(session, grant, error);
}
