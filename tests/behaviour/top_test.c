/* What `weir top` counts and prints, as a user sees it: the built command and logs made here.
 *
 * Works in a temporary directory of its own.  It must never depend on the number of cores, on
 * timing, or on files that it did not make. */
#include "command.h"

#include <sys/stat.h>
#include <zlib.h>

#define LINES     3000
#define LINE_MOST (1 << 18)

/* --- making logs --------------------------------------------------------------------------- */

/* Line n of a log: field 2 has 97 values, of which some are much more frequent. */
static int make_line(char *line, size_t room, unsigned n)
{
    const unsigned value = n * n % 97;
    return snprintf(line, room, "host%u /page/%u%s %*u\n", n % 7, value, n % 3 ? "" : "\t",
                    (int)(n % 200), n);
}

static char *make_log(size_t *size)
{
    char *log = malloc(LINES * 300);
    assert_non_null(log);
    *size = 0;
    for (unsigned n = 0; n < LINES; n++)
        *size += (size_t)make_line(log + *size, 300, n);
    return log;
}

static void write_log(const char *path)
{
    size_t size;
    char *log = make_log(&size);
    write_bytes(path, log, size);
    free(log);
}

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* A gzip member of text appended to a file. */
static void append_gzip(const char *path, const void *text, size_t size)
{
    gzFile file = gzopen(path, "ab");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

/* --- running ------------------------------------------------------------------------------- */

static void run_with_input(const char *path, const char *line)
{
    const int keep = dup(STDIN_FILENO), from = open(path, O_RDONLY);
    assert_true(from >= 0);
    dup2(from, STDIN_FILENO);
    close(from);
    run(line);
    dup2(keep, STDIN_FILENO);
    close(keep);
}

static void run_with_pipe(const char *path, const char *line)
{
    char command[200];
    snprintf(command, sizeof command, "cat %s", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    const int keep = dup(STDIN_FILENO);
    dup2(fileno(pipe), STDIN_FILENO);
    run(line);
    dup2(keep, STDIN_FILENO);
    close(keep);
    pclose(pipe);
}

/* Text output up to the empty line: the entries. */
static char *entries(void)
{
    char *end = strstr(r.out, "\n\n");
    if (r.code != 0 || !end)
        fail_msg("exit code %d: %s%s", r.code, r.out, r.err);
    end[1] = '\0';
    return r.out;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The entries of log.txt, by a plain count. */
static void expect_log(char *expected)
{
    unsigned counts[97] = {0};
    for (unsigned n = 0; n < LINES; n++)
        counts[n * n % 97]++;
    for (unsigned most = LINES; most > 0; most--) {
        char keys[97][16];
        size_t count = 0;
        for (unsigned value = 0; value < 97; value++)
            if (counts[value] == most)
                snprintf(keys[count++], sizeof keys[0], "/page/%u", value);
        qsort(keys, count, sizeof keys[0], compare_keys);
        for (size_t i = 0; i < count; i++)
            expected += sprintf(expected, "%7u %s\n", most, keys[i]);
    }
}

/* --- tests --------------------------------------------------------------------------------- */

static void the_answer_is_the_same_for_all_workers_jobs_and_blocks(void **state)
{
    static const char *const options[] = {
        "--workers 1",
        "--workers 2 --block 1 --buffer 1",
        "--workers 3 --jobs 5 --block 100",
        "--workers 2 --jobs 1 --block 4K",
        "--workers 1 --jobs 3 --block 1M --buffer 9",
        "--workers 2 --max-bytes 16M",
    };
    static char expected[OUTPUT_BYTES];
    (void)state;
    write_log("log.txt");
    expect_log(expected);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "top log.txt --field 2 -n 0 %s", options[i]);
        run(line);
        assert_string_equal(entries(), expected);
    }
}

static void the_default_counts_pages(void **state)
{
    (void)state;
    write_text("log.txt", "h - - [t] \"GET /b HTTP/1.1\" 200 1 \"-\" \"M\"\n"
                          "h - - [t] \"GET /b?x HTTP/1.1\" 200 1 \"-\" \"M\"\r\n"
                          "h - - [t] \"GET /a HTTP/1.1\" 200 - \"-\" \"M\"\n"
                          "h - - [t] \"GET /a.png HTTP/1.1\" 200 1 \"-\" \"M\"\n"
                          "h - - [t] \"GET /c HTTP/1.1\" 404 1 \"-\" \"M\"\n"
                          "\x7f\x45LF\x01\x02 junk \"\n"
                          "h - - [t] \"GET /a HTTP/1.1\" 200 1");
    run("top log.txt -n 1");
    assert_string_equal(entries(), "      2 /a\n");
    run_json("top log.txt");
    assert_true(member("lines") == 7 && member("bad_lines") == 1 && member("distinct") == 2);
    assert_true(member("counted_lines") == 4 && member("count") == 2);
    assert_contains(r.out, "\"key\": \"/b\"");
    assert_true(member("peak_bytes") == member("buffer_bytes") + member("table_bytes"));
    assert_true(member("certified_bytes") > 0 && member("workers") >= 1);
}

static void a_pattern_counts_what_it_matches(void **state)
{
    (void)state;
    write_log("log.txt");
    run("top log.txt --pattern ^host[0-9] -n 2");
    assert_string_equal(entries(), "    429 host0\n    429 host1\n");
    run("top log.txt --pattern=host([56]) -n 0");
    assert_string_equal(entries(), "    428 5\n    428 6\n");
    assert_fails("top log.txt --pattern a(", 2, "--pattern 'a('");
    assert_fails("top log.txt --pattern a --field 2", 2, "exclude each other");
}

static void several_files_are_one_log(void **state)
{
    (void)state;
    write_text("a", "x\ny"); /* the last line has no end, and does not run into the next file */
    write_text("b", "x\n");
    write_text("empty", "");
    run("top a empty b b -n 0 --field 1");
    assert_string_equal(entries(), "      3 x\n      1 y\n");
    run_json("top empty --field 1");
    assert_true(member("lines") == 0 && member("distinct") == 0 && member("bytes") == 0);
    run("top empty");
    assert_int_equal(r.code, 0);
    assert_int_equal(strncmp(r.out, "0 lines", 7), 0);
}

static void lines_longer_than_a_block_are_counted_until_the_limit(void **state)
{
    char *text = malloc(3 * LINE_MOST);
    size_t size = 0;
    (void)state;
    assert_non_null(text);
    memcpy(text, "a\n", 2);
    memset(text + 2, 'x', LINE_MOST);
    memcpy(text + 2 + LINE_MOST, "\na\n", 3);
    size = LINE_MOST + 5;
    memset(text + size, 'y', LINE_MOST + 1); /* too long */
    size += LINE_MOST + 1;
    memcpy(text + size, "\na\n", 3);
    write_bytes("long", text, size + 3);
    write_bytes("cut", text, size);
    free(text);
    static const char *const blocks[] = {"7", "4K", "256K", "1M"};
    for (size_t i = 0; i < 4; i++) {
        char line[64];
        snprintf(line, sizeof line, "top long cut --field 1 -n 1 --block %s", blocks[i]);
        run_json(line);
        assert_true(member("count") == 5 && member("lines") == 9 && member("bad_lines") == 2);
        assert_true(member("distinct") == 2);
        assert_true(member("bytes") == 2.0 * (double)size + 3);
    }
}

static void control_characters_of_keys_are_escaped(void **state)
{
    static const char text[] = "a\033[2J\nb\0c\n\xff\xc2\x9b\nd\xc3\xa9\n";
    (void)state;
    write_bytes("junk", text, sizeof text - 1);
    run("top junk --field 1 -n 0");
    assert_string_equal(entries(), "      1 a\\x1b[2J\n      1 b\\x00c\n      1 d\xc3\xa9\n"
                                   "      1 \\xff\\xc2\\x9b\n");
    run_json("top junk --field 1 -n 0");
    assert_contains(r.out, "\"key\": \"a\\\\x1b[2J\"");
    assert_contains(r.out, "\"key\": \"d\xc3\xa9\"");
}

/* A NUL byte and the four characters "\\x00" among them, as text and as JSON. */
static void keys_that_differ_are_printed_differently(void **state)
{
    static const char text[] = "a\0b\na\\x00b\na\\x5cx00b\na\\xb\n";
    (void)state;
    write_bytes("alike", text, sizeof text - 1);
    run("top alike --field 1 -n 0");
    assert_string_equal(entries(), "      1 a\\x00b\n      1 a\\x5cx00b\n"
                                   "      1 a\\x5cx5cx00b\n      1 a\\xb\n");
    run_json("top alike --field 1 -n 0");
    assert_contains(r.out, "\"key\": \"a\\\\x00b\"");
    assert_contains(r.out, "\"key\": \"a\\\\x5cx00b\"");
    assert_contains(r.out, "\"key\": \"a\\\\x5cx5cx00b\"");
    assert_contains(r.out, "\"key\": \"a\\\\xb\"");
}

static void long_keys_are_printed_whole_however_they_are_cut(void **state)
{
    char text[1000], expected[1100];
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t size = 0;
        while (size < shift)
            text[size++] = 'x';
        while (size < 900) {
            memcpy(text + size, "\xf0\x9f\x98\x80", 4);
            size += 4;
        }
        text[size] = '\0';
        write_text("keys", text);
        snprintf(expected, sizeof expected, "      1 %s\n", text);
        run("top keys --field 1");
        assert_string_equal(entries(), expected);
    }
}

static void standard_input_is_read_from_files_and_pipes(void **state)
{
    static char expected[OUTPUT_BYTES];
    (void)state;
    write_log("log.txt");
    expect_log(expected);
    run_with_input("log.txt", "top --field 2 -n 0");
    assert_string_equal(entries(), expected);
    run_with_pipe("log.txt", "top --field 2 -n 0 --block 512");
    assert_string_equal(entries(), expected);
    run_with_pipe("log.txt", "top - --field 2 -n 0");
    assert_string_equal(entries(), expected);
}

static void gzip_is_known_by_its_first_bytes(void **state)
{
    static char expected[OUTPUT_BYTES];
    size_t size;
    char *log = make_log(&size);
    (void)state;
    expect_log(expected);
    append_gzip("packed", log, 70000); /* the first member ends within a line */
    append_gzip("packed", log, 0);
    append_gzip("packed", log + 70000, size - 70000);
    run("top packed --field 2 -n 0 --workers 2");
    assert_string_equal(entries(), expected);
    run_with_pipe("packed", "top --field 2 -n 0 --block 333");
    assert_string_equal(entries(), expected);
    run_json("top packed --field 2");
    assert_true(member("bytes") == (double)size && member("lines") == LINES);
    struct stat s;
    assert_int_equal(stat("packed", &s), 0);
    assert_int_equal(truncate("packed", s.st_size + 512), 0); /* zeros, as tapes have */
    run("top packed --field 2 -n 0");
    assert_string_equal(entries(), expected);
    free(log);
}

static void arguments_that_cannot_be_are_one_line(void **state)
{
    (void)state;
    write_text("a", "x\n");
    write_text("secret", "x\n");
    assert_int_equal(chmod("secret", 0), 0);
    if (access("secret", R_OK) != 0) /* root may read it */
        assert_fails("top secret", 1, "secret: Permission denied");
    assert_fails("top a --jobs 0", 2, "--jobs is a whole number from 1");
    assert_fails("top a --buffer 0", 2, "--buffer is a whole number from 1");
    assert_fails("top a --field 0", 2, "--field is a whole number from 1");
    assert_fails("top a --block 0", 2, "--block is a size from 1 byte");
    assert_fails("top a -n x", 2, "-n is a whole number from 0");
    assert_fails("top a --fields 3", 2, "unknown option '--fields'");
    run("top --help");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "--pattern RE");
}

static void memory_stays_within_the_limit_or_the_keys_are_refused(void **state)
{
    FILE *file = fopen("many", "wb");
    (void)state;
    assert_non_null(file);
    for (unsigned n = 0; n < 100000; n++)
        fprintf(file, "key-number-%u\n", n * 2654435761u);
    fclose(file);
    run_json("top many --field 1 --workers 2 --max-bytes 32M");
    assert_true(member("distinct") == 100000 && member("max_bytes") == 32 << 20);
    assert_true(member("peak_bytes") <= 32 << 20);
    assert_fails("top many --field 1 --workers 2 --max-bytes 4M", 1, "too many distinct keys");
    assert_fails("top many --field 1 --workers 2 --max-bytes 1M", 1, "the memory limit is 1048576");
    run("top many --field 1 --workers 2 --max-bytes 1M --jobs 1 --buffer 1 -n 1");
    assert_contains(r.err, "too many distinct keys");
    assert_int_equal(r.code, 1);
}

/* A pipe that is open and has nothing, as standard input. */
static int open_silent_pipe(int *keep)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    *keep = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static void close_silent_pipe(int end, int keep)
{
    dup2(keep, STDIN_FILENO);
    close(keep);
    close(end);
}

static void a_failure_ends_a_run_that_waits_for_input(void **state)
{
    int keep;
    FILE *file = fopen("many", "wb");
    (void)state;
    assert_non_null(file);
    for (unsigned n = 0; n < 200000; n++)
        fprintf(file, "key-number-%u\n", n);
    fclose(file);
    const int end = open_silent_pipe(&keep);
    assert_fails("top many - --field 1 --workers 2 --max-bytes 4M", 1, "too many distinct keys");
    close_silent_pipe(end, keep);
}

static void an_interrupt_ends_a_run_that_waits(void **state)
{
    int keep;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const int end = open_silent_pipe(&keep);
        for (unsigned tries = 0; tries < 20; tries++) {
            const pid_t child = start("stdout", "top --field 1 --workers 1");
            assert_int_equal(write(end, "some\nlines\n", i ? 11 : 0), i ? 11 : 0);
            usleep(50000 + 50000 * tries);
            assert_int_equal(kill(child, i == 2 ? SIGTERM : SIGINT), 0);
            finish(child);
            if (r.err[0])
                break; /* else it came before the handlers */
        }
        close_silent_pipe(end, keep);
        assert_int_equal(r.code, i == 2 ? -SIGTERM : -SIGINT);
        assert_string_equal(r.err, "weir: top: interrupted\n");
        read_file("stdout", r.out);
        assert_string_equal(r.out, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_the_same_for_all_workers_jobs_and_blocks),
        cmocka_unit_test(the_default_counts_pages),
        cmocka_unit_test(a_pattern_counts_what_it_matches),
        cmocka_unit_test(several_files_are_one_log),
        cmocka_unit_test(lines_longer_than_a_block_are_counted_until_the_limit),
        cmocka_unit_test(control_characters_of_keys_are_escaped),
        cmocka_unit_test(keys_that_differ_are_printed_differently),
        cmocka_unit_test(long_keys_are_printed_whole_however_they_are_cut),
        cmocka_unit_test(standard_input_is_read_from_files_and_pipes),
        cmocka_unit_test(gzip_is_known_by_its_first_bytes),
        cmocka_unit_test(arguments_that_cannot_be_are_one_line),
        cmocka_unit_test(memory_stays_within_the_limit_or_the_keys_are_refused),
        cmocka_unit_test(a_failure_ends_a_run_that_waits_for_input),
        cmocka_unit_test(an_interrupt_ends_a_run_that_waits),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
