// System calls, free of N-API. Functions return 0 (or a value) or -1 with errno.
#ifndef VS_CALLS_H
#define VS_CALLS_H

#include <sys/types.h>
#include <termios.h>

struct vs_credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

int vs_pipe(int ends[2]);
void vs_close(int fd);
int vs_set_raw(int fd);
int vs_set_terminal(int fd, const struct termios *modes);
int vs_set_close_on_exec(int fd);
int vs_disable_core_dumps(void);
int vs_peer_credentials(int fd, struct vs_credentials *peer);
// -1 with ESRCH when there is no such process.
int vs_parent_of(pid_t pid);
int vs_set_subreaper(int on);
// The pid of a child that was reaped, 0 when none has ended, -1 with EAGAIN when one of `spared` comes first.
int vs_reap_adopted(const int *spared, size_t count, int *status);
int vs_window_size(int fd, unsigned short *columns, unsigned short *rows);
int vs_open_peer(int fd);
// The characters of a terminal that send a signal and drop what was typed before; 0 to 3 of them.
int vs_signal_keys(int fd, unsigned char keys[3]);
// Drops all that was typed and not read, given both ends of a PTY.
int vs_discard_typed(int master, int peer);
int vs_foreground_group(int fd);
// Whether the program in an open file is run with more capabilities than we have (see capabilities(7)): 1 or 0.
int vs_gains_capabilities(int fd);
int vs_own_group(void);
// Only returns when it fails. Signals are as a program finds them that was started by a shell.
int vs_become(const char *file, char *const *argv);
size_t vs_read_now(int fd, char *buffer, size_t room);
ssize_t vs_write_within(int fd, const char *bytes, size_t length, int patience_ms);

// Gives the place, from `from` on, of the first byte of a text for terminals that may change a mode: an ESC that does not
// begin one of the most frequent sequences (CSI, digits, `;` and `:`, then A to K or m, which move the cursor, erase and set
// colours), SO or SI; `length` if there is none.
size_t vs_find_mode(const unsigned char *bytes, size_t from, size_t length);

#endif
