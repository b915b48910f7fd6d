#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "message.h"
#include "program.h"
#include "state.h"
#include "value-file.h"

void vs_start_launch(struct vs_launch *launch, const char *file, char *const *argv, char *const *envp) {
    launch->file = file;
    launch->search = false;
    launch->spawn = false;
    launch->argv = argv;
    launch->envp = envp;
    launch->located = false;
    launch->actions = NULL;
    launch->vectors.base = NULL;
    launch->names_memory.base = NULL;
    launch->names.count = 0;
    launch->spawn_files.made = false;
    launch->spawn_files.entries.base = NULL;
    launch->grant[0] = '\0';
}

// Says why nothing ran. The caller of exec learns EACCES, which shells turn into 126.
static bool refuse(const struct vs_launch *launch, const char *why) {
    vs_complain(why, strlen(why), launch->path, " was not run");
    errno = EACCES;
    return false;
}

static enum vs_program locate(struct vs_launch *launch, const struct vs_state *state) {
    if (launch->file == NULL) {
        errno = EFAULT;
        return VS_NOT_RUNNABLE;
    }
    if (launch->search) {
        if (!vs_find_program(launch->file, launch->path)) return VS_NOT_RUNNABLE;
    } else {
        const size_t length = strlen(launch->file);
        if (length >= sizeof launch->path) {
            errno = ENAMETOOLONG;
            return VS_NOT_RUNNABLE;
        }
        memcpy(launch->path, launch->file, length + 1);
    }
    const enum vs_program program = vs_classify(launch->path);
    if (program != VS_TARGET) return program;
    const bool passes_on = vs_is_pass_through_applet(launch->path, launch->argv) ||
                           vs_runs_vault_shell(state->identity.library, launch->argv);
    return passes_on ? VS_PASS_THROUGH : VS_TARGET;
}

// New vectors in memory of their own; `names` is NULL when only the environment is put right.
static bool rebuild(struct vs_launch *launch, const struct vs_state *state, unsigned lacking,
                    const struct vs_names *names) {
    const size_t size = vs_build_vectors(NULL, launch->argv, launch->envp, &state->identity, lacking,
                                         names, NULL);
    if (size == 0) {
        errno = E2BIG;
        return false;
    }
    if (!vs_map(&launch->vectors, size)) return false;
    if (launch->spawn) vs_lend_to_spawn(&launch->vectors);
    struct vs_vectors vectors;
    vs_build_vectors(launch->vectors.base, launch->argv, launch->envp, &state->identity, lacking, names,
                     &vectors);
    launch->argv = vectors.argv;
    launch->envp = vectors.envp;
    return true;
}

// What ends a program from outside. A human may take long to answer, and whoever presses ^C meanwhile means what is
// about to run: a handler of the program before it would only have the wait go on. After the exec it would be
// gone, too.
static const int ENDING[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
#define ENDING_COUNT (sizeof ENDING / sizeof ENDING[0])

static bool is_caught(const struct sigaction *action) {
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

static void drop_handlers(struct sigaction *saved) {
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        sigaction(ENDING[i], NULL, &saved[i]);
        if (is_caught(&saved[i])) sigaction(ENDING[i], &standard, NULL);
    }
}

static void restore_handlers(const struct sigaction *saved) {
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        if (is_caught(&saved[i])) sigaction(ENDING[i], &saved[i], NULL);
    }
}

static bool ask(const struct vs_launch *launch, const struct vs_state *state, uint32_t flags,
                struct vs_names *names, struct vs_map *frame, struct vs_answer *answer) {
    char cwd[PATH_MAX];
    if (getcwd(cwd, sizeof cwd) == NULL) cwd[0] = '\0'; // a directory that was removed has no name
    const struct vs_request request = {
        .pid = launch->spawn ? 0 : (uint32_t)getpid(),
        .ppid = (uint32_t)(launch->spawn ? getpid() : getppid()),
        .flags = flags | (launch->spawn ? VS_FLAG_SPAWN : 0),
        .session = state->session,
        .cwd = cwd,
        .program = launch->path,
        .argv = launch->argv,
        .names = names,
    };
    struct vs_writer writer = {NULL, 0};
    if (!vs_put_resolve(&writer, &request)) {
        return refuse(launch, "the arguments are too long to be looked through; ");
    }
    struct vs_map bytes;
    if (!vs_map(&bytes, writer.used)) return refuse(launch, "out of memory; ");
    writer.bytes = bytes.base;
    vs_put_resolve(&writer, &request);
    struct sigaction handlers[ENDING_COUNT];
    // Who spawns goes on after it, and keeps its handlers.
    if (!launch->spawn) drop_handlers(handlers);
    const bool answered = vs_ask(state, &writer, VS_ANSWER_TIMEOUT_MS, names, frame, answer);
    if (!launch->spawn) restore_handlers(handlers);
    vs_unmap(&bytes);
    if (!answered) return refuse(launch, "the session's broker gave no answer; ");
    if (answer->type == VS_TYPE_DENIED) {
        vs_complain(answer->text, answer->text_length, "", "");
        errno = EACCES;
        return false;
    }
    // What must not be answered with values is refused even if it was.
    if (answer->type != VS_TYPE_VALUES || (flags & (VS_FLAG_MALFORMED | VS_FLAG_SHARED)) != 0) {
        return refuse(launch, "the session's broker gave an answer that makes no sense; ");
    }
    return true;
}

// A file for each name that is asked for as one, close-on-exec still. A spawn makes them its program's in the
// child alone: what the spawning process has open must not reach other children of it.
static bool make_files(struct vs_launch *launch) {
    bool any = false;
    for (uint32_t i = 0; i < launch->names.count; i++) {
        struct vs_name *name = &launch->names.items[i];
        if ((name->exposures & VS_EXPOSURE_FILE) == 0 || name->is_text) continue;
        any = true;
        name->file = vs_make_value_file(name->value, name->value_length);
        if (name->file == -1) return false;
        if (launch->spawn) name->source = vs_copy_value_file(name->file);
        if (launch->spawn && name->source == -1) return false;
    }
    if (!any || !launch->spawn) return true;
    launch->actions = vs_add_spawn_files(&launch->spawn_files, launch->actions, &launch->names);
    return launch->actions != NULL;
}

// The last step before an exec: another thread may fork and exec at any moment.
static bool hand_over_files(const struct vs_launch *launch) {
    for (uint32_t i = 0; i < launch->names.count && !launch->spawn; i++) {
        const int file = launch->names.items[i].file;
        if (file != -1 && !vs_hand_over_value_file(file)) return false;
    }
    return true;
}

static bool resolve(struct vs_launch *launch, const struct vs_state *state,
                    const struct vs_survey *survey) {
    uint32_t flags = survey->malformed ? VS_FLAG_MALFORMED : 0;
    // Values written here would stay behind in the parent, and nobody would be there to wipe them.
    if (vs_shares_memory()) flags |= VS_FLAG_SHARED;
    struct vs_map frame = {NULL, 0};
    if (!vs_map(&launch->names_memory, vs_names_bytes(survey->placeholders))) {
        return refuse(launch, "out of memory; ");
    }
    vs_collect_names(&launch->names, launch->names_memory.base, survey->placeholders, launch->argv,
                     launch->envp);
    struct vs_answer answer;
    bool ready = ask(launch, state, flags, &launch->names, &frame, &answer);
    if (ready) {
        memcpy(launch->grant, answer.text, answer.text_length);
        launch->grant[answer.text_length] = '\0';
        ready = make_files(launch) || refuse(launch, "a value cannot be given as a file here; ");
        ready = ready && rebuild(launch, state, survey->lacking, &launch->names);
        ready = ready && hand_over_files(launch);
    }
    if (!ready) vs_finish(launch, errno, 0);
    vs_unmap(&frame);
    return ready;
}

static bool asks_for_values(const struct vs_survey *survey) {
    return !survey->literal && (survey->placeholders > 0 || survey->malformed);
}

bool vs_is_plain(char *const *argv, char *const *envp) {
    const struct vs_state *state = vs_state();
    if (state == NULL) return true;
    const struct vs_survey survey = vs_survey(argv, envp, &state->identity);
    return survey.lacking == 0 && !asks_for_values(&survey);
}

bool vs_prepare(struct vs_launch *launch) {
    const struct vs_state *state = vs_state();
    if (state == NULL) return true;
    const struct vs_survey survey = vs_survey(launch->argv, launch->envp, &state->identity);
    if (asks_for_values(&survey)) {
        switch (locate(launch, state)) {
        case VS_NOT_RUNNABLE:
            return false;
        case VS_TARGET:
            launch->located = true;
            return resolve(launch, state, &survey);
        case VS_PASS_THROUGH:
            break;
        }
    }
    return survey.lacking == 0 || rebuild(launch, state, survey.lacking, NULL);
}

void vs_finish(struct vs_launch *launch, int error, pid_t pid) {
    const int saved = errno;
    vs_unmap(&launch->vectors);
    vs_drop_spawn_files(&launch->spawn_files);
    for (uint32_t i = 0; i < launch->names.count; i++) {
        vs_close_value_file(&launch->names.items[i].file);
        vs_close_value_file(&launch->names.items[i].source);
    }
    launch->names.count = 0;
    vs_unmap(&launch->names_memory);
    errno = saved;
    if (launch->grant[0] == '\0') return;
    const struct vs_state *state = vs_state();
    if (error != 0) vs_report_failed(state, launch->grant, error);
    else vs_report_spawned(state, launch->grant, (int)pid);
    launch->grant[0] = '\0';
}
