/* The frame of the `weir` command: help, version, unknown words, lost output.
 *
 * Works in a temporary directory of its own.  It must never test what a subcommand computes. */
#include "command.h"

static void help_names_the_subcommands_and_the_environment(void **state)
{
    static const char *const lines[] = {"--help", "help", "-h"};
    static const char *const parts[] = {"stats",          "top ",      "layers",
                                        "topo",           "plan",      "--workers",
                                        "WEIR_WORKERS",   "WEIR_BIND", "WEIR_MAX_IN_FLIGHT",
                                        "WEIR_MAX_BYTES", "WEIR_SHARE"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        run(lines[i]);
        assert_int_equal(r.code, 0);
        assert_string_equal(r.err, "");
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            assert_contains(r.out, parts[k]);
    }
}

static void every_subcommand_has_help_in_both_spellings(void **state)
{
    static const char *const names[] = {"stats", "top", "layers", "topo", "graph", "plan"};
    static char first[OUTPUT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[32];
        snprintf(line, sizeof line, "%s --help", names[i]);
        run(line);
        assert_int_equal(r.code, 0);
        assert_contains(r.out, names[i]);
        memcpy(first, r.out, sizeof first);
        snprintf(line, sizeof line, "help %s", names[i]);
        run(line);
        assert_int_equal(r.code, 0);
        assert_string_equal(r.out, first);
    }
}

/* Also added to the end of a line that is there; behind "--" it is a file. */
static void help_is_given_wherever_it_is_asked_for(void **state)
{
    static const char *const lines[] = {"stats x --help",  "top --field 2 x --help",
                                        "top x y --help",  "layers 3 --depth 2 --help",
                                        "layers x --help", "topo --json --help",
                                        "plan x --help",   "layers -h",
                                        "topo -h",         "plan -h",
                                        "graph x --help",  "graph -h"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        run(lines[i]);
        if (r.code != 0 || r.err[0] || strncmp(r.out, "usage: weir ", 12) != 0)
            fail_msg("%s: exit code %d: %s%s", lines[i], r.code, r.out, r.err);
    }
    assert_fails("top -- --help", 1, "--help: No such file or directory");
}

static void the_version_is_one_line(void **state)
{
    (void)state;
    run("--version");
    assert_int_equal(r.code, 0);
    assert_int_equal(strncmp(r.out, "weir ", 5), 0);
    assert_ptr_equal(strchr(r.out, '\n'), r.out + strlen(r.out) - 1);
}

static void unknown_words_are_refused(void **state)
{
    (void)state;
    assert_fails("", 2, "which subcommand?");
    assert_fails("frob", 2, "unknown subcommand 'frob'");
    assert_fails("--frob", 2, "unknown option '--frob'");
    assert_fails("help frob", 2, "no subcommand 'frob'");
}

static void help_that_cannot_be_written_is_a_failure(void **state)
{
    (void)state;
    finish(start(NULL, "--help"));
    assert_int_equal(r.code, 1);
    assert_contains(r.err, "weir: standard output");
}

static void write_zeros(const char *path)
{
    enum { BYTES = 1 << 23 };
    char *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    write_npy(path, "<f8", "(1048576,)", zeros, BYTES);
    free(zeros);
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
    static const char *const lines[] = {"stats zeros.npy",
                                        "stats zeros.npy --json",
                                        "top log --field 1",
                                        "top log --field 1 --json",
                                        "layers --seconds 0",
                                        "layers --seconds 0 --json",
                                        "topo",
                                        "plan layers",
                                        "--version"};
    (void)state;
    write_zeros("zeros.npy");
    write_bytes("log", "x\n", 2);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        finish(start("/dev/full", lines[i]));
        assert_int_equal(r.code, 1);
        assert_contains(r.err, "weir: standard output: ");
    }
}

/* A reader that goes away, where the caller has switched SIGPIPE off, as services do. */
static void a_reader_that_is_gone_is_a_failure(void **state)
{
    int ends[2];
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    (void)state;
    write_bytes("log", "x\n", 2);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(sigaction(SIGPIPE, &ignore, &before), 0);
    const int err = open_output("stderr");
    finish(start_with(ends[1], err, "top log --field 1"));
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    assert_int_equal(r.code, 1);
    assert_string_equal(r.err, "weir: standard output: Broken pipe\n");
    close(ends[1]);
    close(err);
}

static void fewer_threads_than_asked_for_are_said(void **state)
{
    static const char *const lines[] = {"layers --workers 3 --seconds 0",
                                        "top log --field 1 --workers 3",
                                        "stats zeros.npy --workers 3"};
    (void)state;
    write_zeros("zeros.npy");
    write_bytes("log", "x\n", 2);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        setenv("OMP_THREAD_LIMIT", "2", 1);
        run(lines[i]);
        assert_int_equal(r.code, 0);
        assert_contains(r.out, "2 workers (asked for 3; OpenMP gave no more");
        run_json(lines[i]);
        assert_true(member("workers") == 2 && member("workers_asked") == 3);
        unsetenv("OMP_THREAD_LIMIT");
        run(lines[i]);
        assert_contains(r.out, "3 workers");
        assert_null(strstr(r.out, "asked for"));
        run_json(lines[i]);
        assert_true(member("workers") == 3 && member("workers_asked") == 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_the_subcommands_and_the_environment),
        cmocka_unit_test(every_subcommand_has_help_in_both_spellings),
        cmocka_unit_test(help_is_given_wherever_it_is_asked_for),
        cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
        cmocka_unit_test(a_reader_that_is_gone_is_a_failure),
        cmocka_unit_test(fewer_threads_than_asked_for_are_said),
        cmocka_unit_test(the_version_is_one_line),
        cmocka_unit_test(unknown_words_are_refused),
        cmocka_unit_test(help_that_cannot_be_written_is_a_failure),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
