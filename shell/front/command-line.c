#include "command-line.h"

#include <string.h>

#include "../hook/protocol.h"

static const char *const SHELLS[] = {"bash", "zsh", "ksh", "fish", "dash", "ash", "sh"};

struct vs_called vs_read_name(const char *argv0) {
    struct vs_called called = {NULL, false};
    if (argv0 == NULL) return called;
    called.login = argv0[0] == '-';
    const char *name = argv0 + (called.login ? 1 : 0);
    const char *slash = strrchr(name, '/');
    if (slash != NULL) name = slash + 1;
    if (strncmp(name, "vault-", 6) == 0) name += 6;
    for (size_t i = 0; i < sizeof SHELLS / sizeof *SHELLS; i++) {
        if (strcmp(name, SHELLS[i]) == 0) called.shell = SHELLS[i];
    }
    return called;
}

// `--option` or `--option=...`.
static bool is_option(const char *word, const char *option) {
    const size_t length = strlen(option);
    return strncmp(word, option, length) == 0 && (word[length] == '\0' || word[length] == '=');
}

// The value of `--option=value`, or the next word, which is then taken; NULL for none.
static const char *value_of(const char *word, char ***words) {
    const char *equals = strchr(word, '=');
    if (strncmp(word, "--", 2) == 0 && equals != NULL) return equals + 1;
    return **words == NULL ? NULL : *(*words)++;
}

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_made_of(const char *text, size_t length, const char *others) {
    if (length == 0 || !is_letter(text[0])) return false;
    for (size_t i = 1; i < length; i++) {
        const char c = text[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && strchr(others, c) == NULL) return false;
    }
    return true;
}

static bool add_wanted(struct vs_command *command, const char *text) {
    if (text == NULL) return false;
    const char *equals = strchr(text, '=');
    struct vs_wanted wanted = {text, equals == NULL ? strlen(text) : (size_t)(equals - text), NULL, 0};
    wanted.variable = equals == NULL ? text : equals + 1;
    wanted.variable_length = strlen(wanted.variable);
    if (wanted.name_length > VS_MAX_NAME_LENGTH || !is_made_of(wanted.name, wanted.name_length, "./-")) return false;
    if (!is_made_of(wanted.variable, wanted.variable_length, "")) return false;
    command->wanted[command->wanted_count++] = wanted;
    return true;
}

static enum vs_wish read_run(char **words, struct vs_command *command) {
    for (;;) {
        char *word = *words;
        if (word == NULL) return VS_WISH_OTHER;
        words++;
        if (strcmp(word, "--no-color") == 0) continue;
        if (strcmp(word, "-s") == 0 || is_option(word, "--secret")) {
            if (!add_wanted(command, value_of(word, &words))) return VS_WISH_OTHER;
        } else if (strncmp(word, "-s", 2) == 0) {
            if (!add_wanted(command, word + 2)) return VS_WISH_OTHER;
        } else if (strcmp(word, "--") != 0 && word[0] == '-') {
            return VS_WISH_OTHER;
        } else {
            command->words = strcmp(word, "--") == 0 ? words : words - 1;
            return command->words[0] == NULL ? VS_WISH_OTHER : VS_WISH_RUN;
        }
    }
}

static enum vs_wish read_words(char **words, struct vs_command *command) {
    for (;;) {
        char *word = *words;
        command->words = words;
        if (word == NULL) return VS_WISH_SHELL;
        words++;
        if (strcmp(word, "--no-color") == 0) continue;
        if (is_option(word, "--shell")) {
            command->shell = value_of(word, &words);
            if (command->shell == NULL) return VS_WISH_OTHER;
        } else if (strcmp(word, "--") == 0) {
            command->words = words;
            return words[0] == NULL ? VS_WISH_OTHER : VS_WISH_PROGRAM;
        } else if (word[0] == '-' && word[1] != '-') {
            return VS_WISH_SHELL;
        } else if (strcmp(word, "run") == 0 && command->shell == NULL) {
            return read_run(words, command);
        } else {
            return VS_WISH_OTHER;
        }
    }
}

void vs_read_command(char **words, struct vs_wanted *wanted, struct vs_command *command) {
    *command = (struct vs_command){VS_WISH_OTHER, NULL, words, wanted, 0};
    command->wish = read_words(words, command);
}
