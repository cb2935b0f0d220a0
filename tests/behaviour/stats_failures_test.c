/* How `weir stats` fails: wrong command lines, files that are no arrays, limits that are too small,
 * lost output, signals.
 *
 * Works in a temporary directory of its own.  It must never depend on how long anything takes. */
#include "command.h"

static void a_limit_that_is_too_small_is_refused_with_both_numbers(void **state)
{
    (void)state;
    const double value = 1;
    struct stat info;
    write_npy("one.npy", "<f8", "(1,)", &value, sizeof value);
    assert_fails("stats one.npy --max-bytes 100K", 1, "102400 bytes");
    run("stats one.npy --max-bytes 1M");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "limit 1.0 MiB");
    write_npy("many.npy", "<f8", "(2000000,)", "", 0);
    assert_int_equal(stat("many.npy", &info), 0);
    assert_int_equal(truncate("many.npy", info.st_size + 16000000), 0);
    assert_fails("stats many.npy --workers 2 --max-bytes 1M", 1, "1048576 bytes");
    assert_contains(r.err, "2 workers needs");
    assert_fails("stats many.npy --workers 2 --max-bytes 6M", 1, "--workers 1 needs");
    run("stats many.npy --workers 1 --max-bytes 6M");
    assert_int_equal(r.code, 0);
    assert_fails("stats many.npy --workers 1 --max-bytes 4800K", 1, "--one-pass, less exact");
    run("stats many.npy --workers 1 --max-bytes 4800K --one-pass");
    assert_int_equal(r.code, 0);
    unlink("many.npy");
}

static void wrong_command_lines_say_what_is_wrong(void **state)
{
    (void)state;
    assert_fails("stats", 2, "which file?");
    assert_fails("stats --frob a.npy", 2, "unknown option '--frob'");
    assert_fails("stats a.npy b.npy", 2, "unexpected argument 'b.npy'");
    assert_fails("stats a.npy --workers", 2, "needs a value");
    assert_fails("stats a.npy --workers 0", 2, "--workers");
    assert_fails("stats a.npy --max-bytes much", 2, "--max-bytes");
    assert_fails("stats a.npy --bind sideways", 2, "--bind");
    assert_fails("stats a.npy --quantile 1.5", 2, "--quantile is a number from 0 to 1");
    assert_fails("stats a.npy --quantile nan", 2, "--quantile");
    assert_fails("stats a.npy --quantile 0.5x", 2, "--quantile");
    assert_fails("stats a.npy --ddof -1", 2, "--ddof");
    assert_fails("stats a.npy --one-pass=yes", 2, "unknown option");
    run("stats --help");
    assert_int_equal(r.code, 0);
    assert_contains(r.out, "usage: weir stats FILE");
    assert_contains(r.out, "--max-bytes");
}

static void files_that_are_no_arrays_are_refused_by_name(void **state)
{
    const double values[4] = {1, 2, 3, 4};
    (void)state;
    assert_fails("stats missing.npy", 1, "weir: missing.npy: No such file");
    assert_fails("stats .", 1, "is a directory");
    assert_int_equal(mkfifo("pipe.npy", 0666), 0);
    assert_fails("stats pipe.npy", 1, "not a regular file");
    write_bytes("empty.npy", "", 0);
    assert_fails("stats empty.npy", 1, "is empty");
    write_npy("short.npy", "<f8", "(5,)", values, sizeof values);
    assert_fails("stats short.npy", 1, "needs 40 bytes of values, the file has 32");
    write_npy("huge.npy", "<f8", "(4294967296, 4294967296)", values, sizeof values);
    assert_fails("stats huge.npy", 1, "2^63");
    write_npy("object.npy", "|O", "(4,)", values, sizeof values);
    assert_fails("stats object.npy", 1, "Python objects");
    write_bytes("version.npy", "\x93NUMPY\x09\x00\x10\x00\x00\x00", 12);
    assert_fails("stats version.npy", 1, "version 9.0");
    write_bytes("length.npy", "\x93NUMPY\x01\x00\xff\xff{'descr'", 18);
    assert_fails("stats length.npy", 1, "cut off");
    if (geteuid() != 0) { /* root may read everything */
        write_npy("secret.npy", "<f8", "(4,)", values, sizeof values);
        assert_int_equal(chmod("secret.npy", 0), 0);
        assert_fails("stats secret.npy", 1, "Permission denied");
    }
}

static void more_values_than_the_shape_says_are_left_alone(void **state)
{
    const double values[4] = {1, 2, 3, 1000};
    (void)state;
    write_npy("a.npy", "<f8", "(3,)", values, sizeof values);
    run_json("stats a.npy");
    assert_true(member("max") == 3);
    run("stats a.npy");
    assert_contains(r.out, "8 bytes after the array were not read");
}

static void lost_output_is_a_failure(void **state)
{
    const double value = 1;
    (void)state;
    write_npy("a.npy", "<f8", "(1,)", &value, sizeof value);
    finish(start(NULL, "stats a.npy"));
    assert_int_equal(r.code, 1);
    assert_contains(r.err, "weir: standard output");
    if (access("/dev/full", W_OK) == 0) {
        finish(start("/dev/full", "stats a.npy --json"));
        assert_int_equal(r.code, 1);
        assert_contains(r.err, "weir: standard output");
    }
    assert_fails("stats a.npy --plot no/such/place.svg", 1, "no/such/place.svg");
}

static void the_plot_is_a_whole_svg_file(void **state)
{
    const double values[] = {1, 2, 2, 3};
    (void)state;
    write_npy("a<b&c.npy", "<f8", "(4,)", values, sizeof values);
    run("stats a<b&c.npy --plot a.svg --bins 4");
    assert_int_equal(r.code, 0);
    read_file("a.svg", r.out);
    assert_int_equal(strncmp(r.out, "<svg xmlns", 10), 0);
    assert_contains(r.out, "a&lt;b&amp;c.npy");
    assert_string_equal(r.out + strlen(r.out) - 7, "</svg>\n");
}

/* How many names in the directory contain the part. */
static int names_with(const char *part)
{
    char command[64], text[16] = "";
    snprintf(command, sizeof command, "ls | grep -c '%s'", part);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(text, sizeof text, pipe));
    pclose(pipe);
    return atoi(text);
}

/* A run of many seconds: a file of 64 GiB that takes no room on the disk. */
static void write_endless(const char *path)
{
    struct stat info;
    write_npy(path, "<f8", "(8589934592,)", "", 0);
    assert_int_equal(stat(path, &info), 0);
    if (truncate(path, info.st_size + ((off_t)1 << 36)) != 0)
        skip(); /* this file system has no such files */
}

/* A signal that comes before the command has set itself up ends it at once; so wait longer. */
static void an_interrupt_ends_the_run_and_leaves_no_plot(void **state)
{
    (void)state;
    write_endless("sparse.npy");
    for (useconds_t wait = 50000; wait < 2000000; wait *= 2) {
        const pid_t child = start("stdout", "stats sparse.npy --workers 2 --plot cut.svg");
        usleep(wait);
        assert_int_equal(kill(child, SIGINT), 0);
        finish(child);
        if (r.err[0])
            break;
    }
    assert_int_equal(r.code, -SIGINT);
    assert_contains(r.err, "interrupted");
    assert_int_equal(names_with("cut.svg"), 0);
    unlink("sparse.npy");
}

static void a_file_that_shrinks_during_the_run_is_an_error(void **state)
{
    (void)state;
    write_endless("sparse.npy");
    const pid_t child = start("stdout", "stats sparse.npy --workers 2");
    usleep(300000);
    assert_int_equal(truncate("sparse.npy", 1 << 20), 0);
    finish(child);
    assert_int_equal(r.code, 1);
    /* Before the run its header does not fit the size; in the run a block is missing. */
    assert_true(strstr(r.err, "became shorter while it was read") || strstr(r.err, "is cut off"));
    unlink("sparse.npy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_that_is_too_small_is_refused_with_both_numbers),
        cmocka_unit_test(wrong_command_lines_say_what_is_wrong),
        cmocka_unit_test(files_that_are_no_arrays_are_refused_by_name),
        cmocka_unit_test(more_values_than_the_shape_says_are_left_alone),
        cmocka_unit_test(lost_output_is_a_failure),
        cmocka_unit_test(the_plot_is_a_whole_svg_file),
        cmocka_unit_test(an_interrupt_ends_the_run_and_leaves_no_plot),
        cmocka_unit_test(a_file_that_shrinks_during_the_run_is_an_error),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
