#include "message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

// Well below PIPE_BUF, so that lines of two processes do not mix.
#define LINE_BYTES 2048

static size_t append(char *line, size_t used, const char *text, size_t length) {
    for (size_t i = 0; i < length && used < LINE_BYTES - 1; i++, used++) {
        const unsigned char c = (unsigned char)text[i];
        line[used] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    return used;
}

void vs_complain(const char *text, size_t text_length, const char *middle, const char *rest) {
    const int saved = errno;
    static const char PREFIX[] = "vault-shell: error: ";
    char line[LINE_BYTES];
    size_t used = append(line, 0, PREFIX, sizeof PREFIX - 1);
    used = append(line, used, text, text_length);
    used = append(line, used, middle, strlen(middle));
    used = append(line, used, rest, strlen(rest));
    line[used++] = '\n';
    ssize_t written;
    do {
        written = write(STDERR_FILENO, line, used);
    } while (written == -1 && errno == EINTR);
    errno = saved;
}
