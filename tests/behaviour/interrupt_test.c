/* How the command ends by a signal, and what it leaves behind.
 *
 * Works in a temporary directory of its own.  It must never depend on how far a run has come when
 * the signal reaches it. */
#include "command.h"

/* Sends signals until the command says that it was interrupted: before its handlers are there, a
 * signal ends it without a word. */
static void interrupt(const char *line, int number, unsigned times)
{
    for (unsigned tries = 0; tries < 20; tries++) {
        const pid_t child = start("stdout", line);
        usleep(50000 + 50000 * tries);
        for (unsigned i = 0; i < times; i++)
            assert_int_equal(kill(child, number), 0);
        finish(child);
        if (r.code != -number)
            fail_msg("%s: exit code %d, not by signal %d: %s", line, r.code, number, r.err);
        if (r.err[0])
            return;
    }
    fail_msg("%s: it was never under way", line);
}

static void the_command_ends_by_the_signal_that_it_got(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        interrupt("layers --workers 2 --seconds 600 --json", numbers[i], 1);
        assert_string_equal(r.err, "weir: layers: interrupted\n");
        read_file("stdout", r.out);
        assert_string_equal(r.out, "");
    }
}

/* Minutes in one call of a library: a line of n letters, of which the pattern finds no two halves. */
static void write_hard_line(void)
{
    char line[3000];
    memset(line, 'a', sizeof line);
    line[sizeof line - 1] = 'b';
    write_bytes("hard", line, sizeof line);
}

static void one_signal_ends_a_run_that_cannot_be_stopped(void **state)
{
    (void)state;
    write_hard_line();
    interrupt("top hard --workers 1 --pattern (a+)(a+)(a+)\\1\\2\\3$", SIGINT, 1);
    assert_contains(r.err, "interrupted\n");
    interrupt("top hard --workers 2 --pattern (a+)(a+)(a+)\\1\\2\\3$", SIGTERM, 2);
    assert_contains(r.err, "interrupted\n");
}

static void a_signal_that_the_caller_ignores_stays_ignored(void **state)
{
    (void)state;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    assert_int_equal(sigaction(SIGHUP, &ignore, &before), 0);
    const pid_t child = start("stdout", "layers --workers 1 --depth 1 --seconds 0.5");
    usleep(200000);
    kill(child, SIGHUP);
    finish(child);
    sigaction(SIGHUP, &before, NULL);
    assert_int_equal(r.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_ends_by_the_signal_that_it_got),
        cmocka_unit_test(one_signal_ends_a_run_that_cannot_be_stopped),
        cmocka_unit_test(a_signal_that_the_caller_ignores_stays_ignored),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
