// What the matrix starts in every way. It tells whoever listens at `seen`, a socket beside its own file, its pid and a
// hash of its last argument and of the variable T: enough to know what it was given, and nobody has the value. Then
// it waits for the other side to close, so that everything around it can be looked at while it has the value.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned long long hash(const char *text) {
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (; text != NULL && *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const ssize_t length = readlink("/proc/self/exe", address.sun_path, sizeof address.sun_path - 8);
    if (length <= 0) return 1;
    strcpy(strrchr(address.sun_path, '/') + 1, "seen");
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == -1 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) return 1;
    char line[128];
    const int size = snprintf(line, sizeof line, "%d %llx %llx\n", (int)getpid(), hash(argv[argc - 1]), hash(getenv("T")));
    if (write(fd, line, (size_t)size) != size) return 1;
    return (int)read(fd, line, sizeof line);
}
