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
    static const char *const names[] = {"stats", "top", "layers", "topo", "plan"};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_the_subcommands_and_the_environment),
        cmocka_unit_test(every_subcommand_has_help_in_both_spellings),
        cmocka_unit_test(the_version_is_one_line),
        cmocka_unit_test(unknown_words_are_refused),
        cmocka_unit_test(help_that_cannot_be_written_is_a_failure),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
