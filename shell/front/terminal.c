#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "../hook/client.h"
#include "../hook/protocol.h"
#include "../native/calls.h"
#include "input.h"
#include "run.h"
#include "session.h"
#include "signals.h"

static const int CAUGHT[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, 0};
#define OUTER STDIN_FILENO
// A signal that continues us may come right behind the one that stops us, and then we must not stop.
#define STOP_MS 10

static struct vs_stream stream;
static struct vs_input input;
static struct termios outer_modes;

struct terminal {
    struct vs_run run;
    int inner; // a slave of our own: until the program ends there is no end of file to misread
    bool open; // what is typed comes
    int64_t hang_up_at, kill_at, stop_at; // 0: not
};

// The master belongs to the stream.
static int master(void) {
    return stream.from;
}

static void resize(void) {
    struct winsize size = {0};
    ioctl(OUTER, TIOCGWINSZ, &size);
    // A serial line has none, nor has some CI.
    if (size.ws_col == 0 || size.ws_row == 0) size.ws_col = 80, size.ws_row = 24;
    if (master() != -1) ioctl(master(), TIOCSWINSZ, &size);
}

// A PTY with the modes and size of our own terminal. Gives its slave; -1: errno.
static int open_pty(int *pty) {
    *pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*pty == -1 || grantpt(*pty) != 0 || unlockpt(*pty) != 0) return -1;
    // Whoever has the master reads what is not redacted yet. (Some systems know no O_CLOEXEC there.)
    vs_set_close_on_exec(*pty);
    const int slave = vs_open_peer(*pty);
    if (slave != -1) tcsetattr(slave, TCSANOW, &outer_modes);
    return slave;
}

// In the background, the terminal's modes are somebody else's.
static void give_back(void) {
    const pid_t front = tcgetpgrp(OUTER);
    if (front == -1 || front == getpgrp()) vs_set_terminal(OUTER, &outer_modes);
}

// To the job in the foreground, as the terminal does for ^C.
static void interrupt(const struct terminal *terminal, int number) {
    if (terminal->run.ended || master() == -1) return;
    const pid_t group = tcgetpgrp(master());
    kill(group > 1 ? -group : terminal->run.pid, number);
}

static void send_signal(const struct terminal *terminal, int number) {
    if (!terminal->run.ended) kill(terminal->run.pid, number);
}

// What closing its terminal would do, once, however often we hear of it: bash that hears SIGHUP twice may end before it
// tells its jobs. A stopped program must wake up to notice.
static void hang_up(struct terminal *terminal) {
    terminal->open = false;
    terminal->hang_up_at = 0;
    if (terminal->kill_at != 0) return;
    const pid_t group = master() == -1 ? -1 : tcgetpgrp(master());
    if (group > 1 && !terminal->run.ended) kill(-group, SIGHUP);
    // It leads a group of its own, which may be that one.
    if (group != terminal->run.pid) send_signal(terminal, SIGHUP);
    send_signal(terminal, SIGCONT);
    terminal->kill_at = vs_now_ms() + VS_GRACE_MS;
}

static void take_signal(struct terminal *terminal, int number) {
    switch (number) {
    case SIGTERM:
        // Interactive shells do not listen to it, but do to a hang-up.
        send_signal(terminal, SIGTERM);
        terminal->hang_up_at = vs_now_ms() + VS_GRACE_MS;
        break;
    case SIGHUP:
        hang_up(terminal);
        break;
    case SIGINT:
    case SIGQUIT:
        interrupt(terminal, number);
        break;
    case SIGTSTP:
        terminal->stop_at = vs_now_ms() + STOP_MS;
        break;
    case SIGCONT:
        terminal->stop_at = 0;
        // Raw again, whoever stopped us. In the background this stops us, until we are back in front.
        vs_set_raw(OUTER);
        resize();
        break;
    case SIGWINCH:
        resize();
        break;
    default:
        break;
    }
}

static void stop(struct terminal *terminal) {
    terminal->stop_at = 0;
    give_back();
    kill(getpid(), SIGSTOP);
}

static void keep_time(struct terminal *terminal) {
    const int64_t now = vs_now_ms();
    if (terminal->hang_up_at != 0 && now >= terminal->hang_up_at) hang_up(terminal);
    if (terminal->kill_at != 0 && now >= terminal->kill_at) send_signal(terminal, SIGKILL);
    if (terminal->stop_at != 0 && now >= terminal->stop_at) stop(terminal);
}

static void read_keys(struct terminal *terminal) {
    char *place;
    const size_t room = vs_input_room(&input, &place);
    const ssize_t got = read(OUTER, place, room);
    if (got == 0 || (got == -1 && errno != EAGAIN && errno != EINTR)) {
        hang_up(terminal);
    } else if (got > 0) {
        struct termios modes;
        if (tcgetattr(terminal->inner, &modes) != 0) modes.c_lflag = 0;
        if (vs_input_add(&input, (size_t)got, &modes)) tcflush(terminal->inner, TCIFLUSH);
    }
}

static void type_keys(void) {
    while (master() != -1 && !vs_input_is_empty(&input)) {
        const ssize_t put = write(master(), input.bytes + input.at, input.end - input.at);
        if (put == -1) return;
        input.at += (size_t)put;
    }
}

static int wait_ms(const struct terminal *terminal) {
    const int64_t all[] = {terminal->run.last_output, terminal->hang_up_at, terminal->kill_at, terminal->stop_at};
    int64_t first = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] != 0 && (first == 0 || all[i] < first)) first = all[i];
    }
    return vs_wait_ms(first);
}

static void step(struct terminal *terminal) {
    struct vs_run *run = &terminal->run;
    char *place;
    const bool has_room = vs_input_room(&input, &place) > 0;
    const bool waits = !run->ended && !vs_input_is_empty(&input);
    struct pollfd polls[3 + VS_STREAM_POLLS] = {
        {vs_signal_fd(), POLLIN, 0},
        {terminal->open && has_room ? OUTER : -1, POLLIN, 0},
        {waits ? master() : -1, POLLOUT, 0},
    };
    vs_stream_polls(&stream, polls + 3);
    const bool came = poll(polls, 3 + VS_STREAM_POLLS, wait_ms(terminal)) > 0;
    for (int number; (number = vs_next_signal()) != 0;) take_signal(terminal, number);
    vs_reap(run);
    if (came && polls[1].revents != 0 && terminal->open) read_keys(terminal);
    if (!run->ended) type_keys();
    if (came) vs_step_stream(&stream, polls + 3);
    // Nobody is left who could look at it.
    if (!run->ended && master() == -1 && terminal->kill_at == 0) hang_up(terminal);
    keep_time(terminal);
    if (!run->ended) return;
    terminal->open = false;
    terminal->hang_up_at = terminal->kill_at = terminal->stop_at = 0;
    if (terminal->inner != -1) close(terminal->inner);
    terminal->inner = -1;
    vs_linger(run);
}

static int run_program(struct vs_program *program, struct terminal *terminal) {
    program->terminal = terminal->inner;
    terminal->run.pid = vs_start_child(program);
    if (terminal->run.pid == -1) return vs_fail("cannot start a process: ", strerror(errno));
    while (!vs_is_done(&terminal->run)) {
        step(terminal);
        if (vs_is_lost(&terminal->run)) return -1;
    }
    return 0;
}

int vs_run_in_terminal(struct vs_program *program) {
    struct terminal terminal = {.run = {.streams = &stream, .stream_count = 1}, .open = true};
    int pty;
    if (tcgetattr(OUTER, &outer_modes) != 0) return vs_fail("cannot set up the terminal: ", strerror(errno));
    if (!vs_catch_signals(CAUGHT)) return vs_fail("cannot make a pipe: ", strerror(errno));
    terminal.inner = open_pty(&pty);
    if (terminal.inner == -1) return vs_fail("cannot make a terminal: ", strerror(errno));
    const int filter = vs_open_filter(program->session, true);
    if (filter == -1) return vs_fail(VS_NO_ANSWER, "");
    vs_start_stream(&stream, pty, filter, STDOUT_FILENO);
    if (!vs_await_filters(&terminal.run)) return VS_EXIT_NOT_STARTED;
    resize();
    vs_set_raw(OUTER);
    const int failed = run_program(program, &terminal);
    if (failed == -1) {
        // The master is closed first: the message is to find the terminal as it was.
        vs_cut_stream(&stream);
        give_back();
        return vs_give_up(&terminal.run);
    }
    give_back();
    return failed != 0 ? failed : vs_result(&terminal.run);
}
