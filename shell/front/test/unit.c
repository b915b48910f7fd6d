// What of the front end needs no session, under ASan and UBSan: `make check`.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../hook/protocol.h"
#include "../../test/check.h"
#include "../command-line.h"
#include "../input.h"
#include "../place.h"
#include "../shell.h"
#include "../stream.h"

static void test_names(void) {
    const struct {
        const char *argv0, *shell;
        bool login;
    } cases[] = {
        {NULL, NULL, false},
        {"", NULL, false},
        {"vault-shell", NULL, false},
        {"main.js", NULL, false},
        {"vault-bash", "bash", false},
        {"/a/b/vault-zsh", "zsh", false},
        {"bash", "bash", false},
        {"/x/sh", "sh", false},
        {"-vault-bash", "bash", true},
        {"-bash", "bash", true},
        {"-su", NULL, true},
        {"vault-vault-bash", NULL, false},
        {"vault-bashful", NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct vs_called called = vs_read_name(cases[i].argv0);
        CHECK(same(called.shell, cases[i].shell) && called.login == cases[i].login);
    }
}

// Words with blanks between them, as a vector.
static char **split(const char *line, char *copy, char **words) {
    size_t count = 0;
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) words[count++] = word;
    words[count] = NULL;
    return words;
}

static void test_command_lines(void) {
    const struct {
        const char *line;
        enum vs_wish wish;
        const char *first, *shell;
        size_t wanted;
    } cases[] = {
        {"", VS_WISH_SHELL, NULL, NULL, 0},
        {"-c x", VS_WISH_SHELL, "-c", NULL, 0},
        {"--no-color -lc x", VS_WISH_SHELL, "-lc", NULL, 0},
        {"- x", VS_WISH_SHELL, "-", NULL, 0},
        {"-c --vault", VS_WISH_SHELL, "-c", NULL, 0},
        {"--shell zsh", VS_WISH_SHELL, NULL, "zsh", 0},
        {"--shell=zsh -c x", VS_WISH_SHELL, "-c", "zsh", 0},
        {"--shell", VS_WISH_OTHER, NULL, NULL, 0},
        {"-- a b", VS_WISH_PROGRAM, "a", NULL, 0},
        {"--", VS_WISH_OTHER, NULL, NULL, 0},
        {"--vault d -c x", VS_WISH_OTHER, NULL, NULL, 0},
        {"--vault=d", VS_WISH_OTHER, NULL, NULL, 0},
        {"--vaults", VS_WISH_OTHER, NULL, NULL, 0},
        {"--help", VS_WISH_OTHER, NULL, NULL, 0},
        {"list", VS_WISH_OTHER, NULL, NULL, 0},
        {"value x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run a b", VS_WISH_RUN, "a", NULL, 0},
        {"run -- -a", VS_WISH_RUN, "-a", NULL, 0},
        {"run --no-color -s a -sb=B --secret c.d/e-1=C --secret=e cmd -s x", VS_WISH_RUN, "cmd", NULL, 4},
        {"run", VS_WISH_OTHER, NULL, NULL, 0},
        {"run --", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s a", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s 1a x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s a.b x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s a= x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s =A x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -s a=A-B x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run --vault d x", VS_WISH_OTHER, NULL, NULL, 0},
        {"run -x", VS_WISH_OTHER, NULL, NULL, 0},
        {"--shell sh run x", VS_WISH_OTHER, NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char copy[256], *words[32];
        struct vs_wanted wanted[32];
        struct vs_command command;
        vs_read_command(split(cases[i].line, copy, words), wanted, &command);
        const bool is_read = command.wish == cases[i].wish;
        if (!is_read) fprintf(stderr, "read wrongly: %s\n", cases[i].line);
        CHECK(is_read);
        if (command.wish == VS_WISH_OTHER) continue;
        CHECK(same(command.words[0], cases[i].first) && same(command.shell, cases[i].shell));
        CHECK(command.wanted_count == cases[i].wanted);
    }
    char copy[256], *words[32];
    struct vs_wanted wanted[32];
    struct vs_command command;
    vs_read_command(split("run -s a/b=VAR x", copy, words), wanted, &command);
    CHECK(wanted[0].name_length == 3 && strncmp(wanted[0].name, "a/b", 3) == 0);
    CHECK(wanted[0].variable_length == 3 && strncmp(wanted[0].variable, "VAR", 3) == 0);
}

static void test_input(void) {
    static struct vs_input input;
    struct termios modes = {.c_lflag = ISIG};
    memset(modes.c_cc, 0, sizeof modes.c_cc);
    modes.c_cc[VINTR] = 3;
    char *place;
    CHECK(vs_input_room(&input, &place) == VS_INPUT_BYTES);
    memcpy(place, "a\003b", 3);
    // Nothing waits: the program's own terminal hears it.
    CHECK(!vs_input_add(&input, 3, &modes) && input.at == 0 && input.end == 3);
    CHECK(vs_input_room(&input, &place) == VS_INPUT_BYTES - 3);
    memcpy(place, "c\003d\003e", 5);
    CHECK(vs_input_add(&input, 5, &modes) && input.end - input.at == 2 && input.bytes[input.at] == 3);
    vs_input_room(&input, &place);
    memcpy(place, "\003", 1);
    modes.c_lflag = ISIG | NOFLSH;
    CHECK(!vs_input_add(&input, 1, &modes));
    modes.c_lflag = 0;
    vs_input_room(&input, &place);
    memcpy(place, "\003", 1);
    CHECK(!vs_input_add(&input, 1, &modes) && input.end - input.at == 4);
    // A full one makes room for what has been taken from it.
    input.at = 10;
    input.end = VS_INPUT_BYTES;
    CHECK(vs_input_room(&input, &place) == 10 && input.at == 0 && place == input.bytes + VS_INPUT_BYTES - 10);
    input.at = 0;
    input.end = VS_INPUT_BYTES;
    CHECK(vs_input_room(&input, &place) == 0);
}

// A stream between pipes and a filter of our own at the other end of a socket.
struct rig {
    struct vs_stream stream;
    int program, service, reader;
};

static struct rig *open_rig(void) {
    static struct rig rig;
    int source[2], sink[2], sockets[2];
    if (pipe(source) != 0 || pipe(sink) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) abort();
    vs_start_stream(&rig.stream, source[0], sockets[0], sink[1]);
    if (rig.stream.to_is_own) close(sink[1]);
    rig.program = source[1];
    rig.service = sockets[1];
    rig.reader = sink[0];
    fcntl(rig.reader, F_SETFL, O_NONBLOCK);
    fcntl(rig.service, F_SETFL, O_NONBLOCK);
    return &rig;
}

static void step(struct rig *rig) {
    struct pollfd polls[VS_STREAM_POLLS];
    vs_stream_polls(&rig->stream, polls);
    poll(polls, VS_STREAM_POLLS, 0);
    vs_step_stream(&rig->stream, polls);
}

static void run_until_over(struct rig *rig) {
    for (int i = 0; i < 50 && !vs_stream_is_over(&rig->stream); i++) step(rig);
}

// Closes all and gives what the reader got.
static const char *close_rig(struct rig *rig) {
    static char text[256];
    const ssize_t got = read(rig->reader, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    vs_cut_stream(&rig->stream);
    if (rig->program != -1) close(rig->program);
    if (rig->service != -1) close(rig->service);
    close(rig->reader);
    return text;
}

static void put(int fd, const char *bytes, size_t length) {
    if (write(fd, bytes, length) != (ssize_t)length) abort();
}

static void close_program(struct rig *rig) {
    close(rig->program);
    rig->program = -1;
}

static const char TRAILER[] = {2, 0, 0, 0, VS_PROTOCOL_VERSION, VS_TYPE_OK};

static void test_whole_stream(void) {
    // The trailer in every cut, after output that has parts of one in it.
    for (size_t cut = 0; cut <= sizeof TRAILER; cut++) {
        struct rig *rig = open_rig();
        put(rig->program, "out", 3);
        close_program(rig);
        step(rig);
        step(rig);
        char fed[8];
        CHECK(read(rig->service, fed, sizeof fed) == 3 && read(rig->service, fed, sizeof fed) == 0);
        put(rig->service, "\002.\002\0", 4);
        put(rig->service, TRAILER, cut);
        step(rig);
        step(rig);
        CHECK(!vs_stream_is_over(&rig->stream) && !rig->stream.lost);
        put(rig->service, TRAILER + cut, sizeof TRAILER - cut);
        close(rig->service);
        rig->service = -1;
        run_until_over(rig);
        CHECK(vs_stream_is_over(&rig->stream) && !rig->stream.lost);
        CHECK(memcmp(close_rig(rig), "\002.\002\0", 5) == 0);
    }
}

static void test_lost_stream(void) {
    const struct {
        bool ends; // the program
        const char *answer;
        size_t length;
    } cases[] = {
        {false, "shown", 5},
        {true, "", 0},
        {true, TRAILER, 5},
        {true, TRAILER + 1, 5},
        {true, "shown but not whole", 19},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *rig = open_rig();
        put(rig->program, "out", 3);
        if (cases[i].ends) close_program(rig);
        step(rig);
        step(rig);
        char fed[8];
        CHECK(read(rig->service, fed, sizeof fed) == 3);
        put(rig->service, cases[i].answer, cases[i].length);
        close(rig->service);
        rig->service = -1;
        run_until_over(rig);
        CHECK(rig->stream.lost && vs_stream_is_over(&rig->stream) && rig->stream.from == -1);
        CHECK(strstr(close_rig(rig), "out") == NULL);
    }
}

static void test_silent_stream(void) {
    struct rig *rig = open_rig();
    close_program(rig);
    run_until_over(rig);
    CHECK(vs_stream_is_over(&rig->stream) && !rig->stream.lost);
    close_rig(rig);
}

static void test_reader_gone(void) {
    struct rig *rig = open_rig();
    close(rig->reader);
    put(rig->service, "shown", 5);
    run_until_over(rig);
    CHECK(vs_stream_is_over(&rig->stream) && !rig->stream.lost && rig->stream.failure == 0);
    // The program hears of it.
    CHECK(rig->stream.from == -1 && write(rig->program, "x", 1) == -1);
    rig->reader = open("/dev/null", O_RDONLY);
    close_rig(rig);
}

static void test_shells(void) {
    char directory[] = "/tmp/vault-shell-unit-XXXXXX", path[PATH_MAX], found[PATH_MAX];
    if (mkdtemp(directory) == NULL) abort();
    static struct vs_place place;
    CHECK(vs_find_place(&place) && strchr(place.directory, '/') != NULL);
    // This test has the mark in it; a copy of it under another name has, too.
    CHECK(vs_is_ours(&place, "/proc/self/exe") || access("/proc/self/exe", R_OK) != 0);
    CHECK(!vs_is_ours(&place, "/bin/sh") && !vs_is_ours(&place, "/nonexistent") && !vs_is_ours(&place, directory));
    snprintf(path, sizeof path, "%s/bash", directory);
    if (symlink("/proc/self/exe", path) != 0) abort();
    char list[PATH_MAX * 2];
    snprintf(list, sizeof list, "%s:relative::/bin:/usr/bin", directory);
    setenv("PATH", list, 1);
    CHECK(vs_choose_shell(&place, NULL, "sh", found) == VS_FOUND && strcmp(found, "/bin/sh") == 0);
    CHECK(vs_choose_shell(&place, NULL, "nosuch", found) == VS_MISSING);
    CHECK(vs_choose_shell(&place, path, NULL, found) == VS_ITSELF);
    CHECK(vs_choose_shell(&place, "sh", NULL, found) == VS_FOUND && strcmp(found, "/bin/sh") == 0);
    setenv("SHELL", path, 1);
    CHECK(vs_choose_shell(&place, NULL, NULL, found) == VS_FOUND && strcmp(found, path) != 0);
    for (size_t i = 0; i < 3; i++) {
        const char *const bad[] = {"bin/sh", "/nonexistent", ""};
        setenv("SHELL", bad[i], 1);
        CHECK(vs_choose_shell(&place, NULL, NULL, found) == VS_FOUND && strcmp(found, "/bin/sh") == 0);
    }
    CHECK(vs_find("/etc/passwd", found) == VS_NOT_EXECUTABLE && vs_find("no/such", found) == VS_MISSING);
    CHECK(vs_find("", found) == VS_MISSING && vs_find("/", found) == VS_NOT_EXECUTABLE);
    CHECK(vs_hook_reaches("/bin/sh") && !vs_hook_reaches("/usr/bin/passwd"));
    unlink(path);
    rmdir(directory);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    test_names();
    test_command_lines();
    test_input();
    test_whole_stream();
    test_lost_stream();
    test_silent_stream();
    test_reader_gone();
    test_shells();
    return report_checks("front end unit test");
}
