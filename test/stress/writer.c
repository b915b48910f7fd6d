// `writer CONTENT PIECES MODE CODE`: writes CONTENT in the pieces that PIECES lists, each a line of a descriptor (1 or 2),
// a length and a pause in microseconds after it. MODE `raw` keeps the terminal from changing any byte. Ends with CODE. A
// window that changes its size interrupts its writes.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void on_resize(int signal) { (void)signal; }

static int write_piece(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        const ssize_t done = write(fd, bytes, length);
        if (done == -1 && errno != EINTR) return -1;
        if (done == -1) continue;
        bytes += done;
        length -= (size_t)done;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    FILE *content = fopen(argv[1], "rb");
    FILE *pieces = fopen(argv[2], "r");
    if (content == NULL || pieces == NULL) return 2;
    fseek(content, 0, SEEK_END);
    const size_t total = (size_t)ftell(content);
    rewind(content);
    char *bytes = malloc(total + 1);
    if (bytes == NULL || fread(bytes, 1, total, content) != total) return 2;

    struct sigaction action = {.sa_handler = on_resize};
    sigaction(SIGWINCH, &action, NULL);
    struct termios modes;
    if (strcmp(argv[3], "raw") == 0 && tcgetattr(1, &modes) == 0) {
        cfmakeraw(&modes);
        tcsetattr(1, TCSANOW, &modes);
    }
    int fd = 0;
    size_t length = 0, at = 0;
    long pause = 0;
    while (fscanf(pieces, "%d %zu %ld", &fd, &length, &pause) == 3) {
        if (write_piece(fd, bytes + at, length) == -1) return 3;
        at += length;
        if (pause > 0) {
            const struct timespec time = {pause / 1000000, pause % 1000000 * 1000};
            ppoll(NULL, 0, &time, NULL);
        }
    }
    return atoi(argv[4]);
}
