/* Running the command on a terminal of a chosen width, and measuring what it prints there.
 *
 * Tests of the command include it after command.h.  It must never need a terminal of its own. */
#ifndef WEIR_TESTS_ON_TERMINAL_H
#define WEIR_TESTS_ON_TERMINAL_H

#include <sys/ioctl.h>

#include "text.h"

/* Both outputs of the command go to a terminal of so many columns, and come back as r.out, each
 * line with a carriage return at its end. */
static inline void run_on_terminal(unsigned short columns, const char *line)
{
    const struct winsize size = {.ws_row = 50, .ws_col = columns};
    const int near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(near >= 0 && grantpt(near) == 0 && unlockpt(near) == 0);
    const int far = open(ptsname(near), O_RDWR | O_NOCTTY);
    assert_true(far >= 0 && ioctl(far, TIOCSWINSZ, &size) == 0);
    const pid_t child = start_with(far, far, line);
    close(far);
    size_t used = 0;
    for (ssize_t n = 1; n > 0; used += n > 0 ? (size_t)n : 0)
        n = read(near, r.out + used, sizeof r.out - 1 - used);
    r.out[used] = '\0';
    close(near);
    wait_for(child);
}

/* The widest line of r.out, in columns. */
static inline unsigned widest_line(void)
{
    unsigned widest = 0, used = 0;
    for (const char *s = r.out; *s;) {
        uint32_t code;
        const size_t n = text_decode(s, strlen(s), &code);
        used = *s == '\n' || *s == '\r' ? 0 : used + (n ? text_columns(code) : 1);
        widest = used > widest ? used : widest;
        s += n ? n : 1;
    }
    return widest;
}

#endif
