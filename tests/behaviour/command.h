/* Running the built `weir` command from a test, in a directory of the test's own, and making .npy
 * files for it.
 *
 * The tests of the subcommands include it, first of all.  It must never leave a file outside of
 * its directory, nor let the caller's WEIR_ variables reach the command. */
#ifndef WEIR_TESTS_COMMAND_H
#define WEIR_TESTS_COMMAND_H

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef WEIR_TOOL
#error "WEIR_TOOL is the path of the built command"
#endif

enum { OUTPUT_BYTES = 1 << 16, MOST_ARGUMENTS = 16 };

typedef struct result {
    int code;    /* exit code, or -signal */
    long rss_kb; /* the command's greatest resident set */
    char out[OUTPUT_BYTES], err[OUTPUT_BYTES];
} result;

static char directory[] = "/tmp/weir-test-XXXXXX";
static result r; /* of the last command */

/* --- running the command ------------------------------------------------------------------- */

static inline void read_file(const char *path, char *text)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t n = fread(text, 1, OUTPUT_BYTES - 1, file);
    text[n] = '\0';
    fclose(file);
}

/* Starts `weir` with the words of `line`, in which a tab stands for a blank inside a word; a stdout
 * of -1 is closed. */
static inline pid_t start_with(int out, int err, const char *line)
{
    static char words[1024];
    char tool[] = WEIR_TOOL, *arguments[MOST_ARGUMENTS] = {tool};
    int n = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word && n < MOST_ARGUMENTS - 1; word = strtok(NULL, " "))
        arguments[n++] = word;
    for (char *c = words; c < words + sizeof words; c++)
        *c = *c == '\t' ? ' ' : *c;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child)
        return child;
    signal(SIGINT, SIG_DFL);
    if (out < 0)
        close(STDOUT_FILENO);
    else if (dup2(out, STDOUT_FILENO) < 0)
        _exit(99);
    if (dup2(err, STDERR_FILENO) < 0)
        _exit(99);
    execv(tool, arguments);
    _exit(98);
}

static inline int open_output(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    return fd;
}

/* Starts it with stderr in the file of that name and stdout in `out`, or closed for NULL. */
static inline pid_t start(const char *out, const char *line)
{
    const int err_fd = open_output("stderr"), out_fd = out ? open_output(out) : -1;
    const pid_t child = start_with(out_fd, err_fd, line);
    close(err_fd);
    if (out)
        close(out_fd);
    return child;
}

static inline void wait_for(pid_t child)
{
    int status;
    struct rusage usage;
    pid_t done;
    do
        done = wait4(child, &status, 0, &usage);
    while (done < 0 && errno == EINTR);
    assert_int_equal(done, child);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    r.rss_kb = usage.ru_maxrss;
}

static inline void finish(pid_t child)
{
    wait_for(child);
    read_file("stderr", r.err);
}

static inline void run(const char *line)
{
    finish(start("stdout", line));
    read_file("stdout", r.out);
}

/* One line that begins with "weir: ", nothing on stdout. */
static inline void assert_fails(const char *line, int code, const char *reason)
{
    run(line);
    if (r.code != code)
        fail_msg("%s: exit code %d, not %d: %s", line, r.code, code, r.err);
    assert_contains(r.err, reason);
    assert_int_equal(strncmp(r.err, "weir: ", 6), 0);
    assert_ptr_equal(strchr(r.err, '\n'), r.err + strlen(r.err) - 1);
    assert_string_equal(r.out, "");
}

/* A member of the JSON on r.out, as text up to the next separator. */
static const char *member_text(const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(r.out, quoted);
    if (!at)
        fail_msg("no %s in: %s%s", quoted, r.out, r.err);
    return at + strlen(quoted);
}

static inline double member(const char *key)
{
    const char *text = member_text(key);
    return strncmp(text, "null", 4) == 0 ? (double)NAN : strtod(text, NULL);
}

static inline void run_json(const char *line)
{
    char with_json[1024];
    snprintf(with_json, sizeof with_json, "%s --json", line);
    run(with_json);
    if (r.code != 0)
        fail_msg("%s: exit code %d: %s", line, r.code, r.err);
    assert_string_equal(r.err, "");
    assert_int_equal(r.out[0], '{');
}

/* --- making files --- */

static inline void write_bytes(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* A .npy file of version 1.0 with this dictionary and these bytes of values. */
static inline void write_npy_text(const char *path, const char *text, const void *data,
                                  size_t bytes)
{
    const size_t length = strlen(text);
    unsigned char preamble[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    preamble[8] = (unsigned char)length;
    preamble[9] = (unsigned char)(length >> 8);
    fwrite(preamble, 1, sizeof preamble, file);
    fwrite(text, 1, length, file);
    fwrite(data, 1, bytes, file);
    assert_int_equal(fclose(file), 0);
}

static inline void write_npy(const char *path, const char *type, const char *shape,
                             const void *data, size_t bytes)
{
    char text[160];
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", type,
             shape);
    write_npy_text(path, text, data, bytes);
}

/* --- the directory: group set-up and tear-down --- */

static inline int enter_directory(void **state)
{
    (void)state;
    unsetenv("WEIR_WORKERS");
    unsetenv("WEIR_BIND");
    unsetenv("WEIR_MAX_IN_FLIGHT");
    unsetenv("WEIR_MAX_BYTES");
    unsetenv("COLUMNS");
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static inline int leave_directory(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

#endif
