/* What reaches a terminal during a run: the progress line, and what takes its place.
 *
 * stderr of the program is the pseudo-terminal while a line is shown.  It must never depend on the
 * terminal that the tests run on, nor on time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "progress.h"
#include "terminal.h"
#include "tool.h"

/* --- a terminal ---------------------------------------------------------------------------- */

static int master, usual_stderr;

static void set_width(unsigned short columns)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
}

static int open_terminal(void **state)
{
    struct termios raw;
    (void)state;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return -1;
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &raw) != 0)
        return -1;
    cfmakeraw(&raw);
    usual_stderr = dup(STDERR_FILENO);
    unsetenv("COLUMNS");
    return tcsetattr(slave, TCSANOW, &raw) == 0 && setenv("TERM", "xterm", 1) == 0 &&
                   fcntl(master, F_SETFL, O_NONBLOCK) == 0 && dup2(slave, STDERR_FILENO) >= 0
               ? close(slave)
               : -1;
}

static int close_terminal(void **state)
{
    (void)state;
    return dup2(usual_stderr, STDERR_FILENO) >= 0 && close(usual_stderr) == 0 ? close(master) : -1;
}

/* What has been written to it since the last call: it comes a little later, and in pieces. */
static const char *read_terminal(void)
{
    enum { FIRST_MS = 100, NEXT_MS = 2 };
    static char text[4096];
    struct pollfd p = {.fd = master, .events = POLLIN};
    size_t size = 0;
    while (poll(&p, 1, size ? NEXT_MS : FIRST_MS) > 0) {
        const ssize_t n = read(master, text + size, sizeof text - 1 - size);
        if (n <= 0)
            break;
        size += (size_t)n;
    }
    text[size] = '\0';
    return text;
}

static void report_at_once(progress *p, uint64_t bytes)
{
    atomic_store(&p->next_ns, 0);
    progress_add(p, bytes);
}

/* One line, in place of what was there, that leaves the last column free, and two for a ^C. */
static void assert_one_line(const char *text, unsigned columns)
{
    static const char end[] = "\033[K";
    const size_t length = strlen(text);
    assert_true(length > 4 && text[0] == '\r');
    assert_string_equal(text + length - 3, end);
    assert_true(length - 4 + 2 < columns);
    for (size_t i = 1; i < length - 3; i++)
        assert_true(text[i] >= ' ' && text[i] < 0x7f);
}

static void the_progress_line_is_never_wider_than_the_terminal(void **state)
{
    progress p;
    (void)state;
    set_width(80);
    progress_open(&p, (uint64_t)1 << 40);
    for (unsigned columns = 1; columns <= 220; columns++) {
        set_width((unsigned short)columns); /* as a user does while it runs */
        report_at_once(&p, (uint64_t)1 << 30);
        const char *text = read_terminal();
        if (columns > 7)
            assert_one_line(text, columns);
        else
            assert_string_equal(text, "\r\033[K");
    }
    progress_close(&p);
    assert_string_equal(read_terminal(), "\r\033[K");
    report_at_once(&p, 1); /* a worker that comes late */
    assert_string_equal(read_terminal(), "");
}

static void what_matters_most_is_shown_on_the_narrowest_terminal(void **state)
{
    static const struct {
        unsigned columns;
        const char *line;
    } cases[] = {
        {4, ""},
        {8, " 25 %"},
        {20, "[###.........]  25 %"},
        {39, "[#####................]  25 %  3 s left"},
        {79, "[#######.....................]  25 %  512.0 MiB of 2.0 GiB  0.54 GB/s  3 s left"},
        {127, "[########......................]  25 %  512.0 MiB of 2.0 GiB  0.54 GB/s  3 s left"},
    };
    char line[PROGRESS_LINE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        progress_format(line, cases[i].columns, 1 << 29, (uint64_t)1 << 31, 1.0);
        assert_string_equal(line, cases[i].line);
    }
}

static void an_error_takes_the_place_of_the_line(void **state)
{
    progress p;
    (void)state;
    set_width(80);
    progress_open(&p, 100);
    report_at_once(&p, 50);
    assert_one_line(read_terminal(), 80);
    tool_error("%s: no such\nfile", "\033]0;title\a");
    assert_string_equal(read_terminal(), "\r\033[Kweir: \\x1b]0;title\\x07: no such\\x0afile\n");
    progress_close(&p);
    assert_string_equal(read_terminal(), "");
}

static void nothing_is_shown_where_a_line_cannot_be_replaced(void **state)
{
    static const char *const kinds[] = {"dumb", ""};
    progress p;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        setenv("TERM", kinds[i], 1);
        progress_open(&p, 100);
        report_at_once(&p, 50);
        progress_close(&p);
        assert_string_equal(read_terminal(), "");
    }
    unsetenv("TERM");
    assert_false(terminal_has_status());
    setenv("TERM", "xterm", 1);
    assert_true(terminal_has_status());
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(dup2(nowhere, STDERR_FILENO) >= 0);
    close(nowhere);
    assert_false(terminal_has_status());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matters_most_is_shown_on_the_narrowest_terminal),
        cmocka_unit_test_setup_teardown(the_progress_line_is_never_wider_than_the_terminal,
                                        open_terminal, close_terminal),
        cmocka_unit_test_setup_teardown(an_error_takes_the_place_of_the_line, open_terminal,
                                        close_terminal),
        cmocka_unit_test_setup_teardown(nothing_is_shown_where_a_line_cannot_be_replaced,
                                        open_terminal, close_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
