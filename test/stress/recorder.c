// Writes one line to the file of its first argument: its second one and a hash of its third one. The line is in the
// file, whole, or it is not. Then it stays a moment, so that it can be killed while it has the value.
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (const char *c = argv[3]; *c != '\0'; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    char line[128];
    const int length = snprintf(line, sizeof line, "%s %llx\n", argv[2], (unsigned long long)hash);
    const int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd == -1 || length >= (int)sizeof line || write(fd, line, (size_t)length) != length) return 1;
    poll(NULL, 0, 15);
    return 0;
}
