/* The terminal's width and prose that fits it; see terminal.h. */
#include "terminal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

enum { MOST_COLUMNS = 10000 };

unsigned terminal_columns(int fd)
{
    struct winsize size;
    if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *text = getenv("COLUMNS");
    char *end;
    const long columns = text ? strtol(text, &end, 10) : 0;
    return columns > 0 && columns <= MOST_COLUMNS && *end == '\0' ? (unsigned)columns : 0;
}

static unsigned columns_of(const char *text, size_t length)
{
    unsigned columns = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t n = text_decode(text + i, length - i, &code);
        columns += n ? text_columns(code) : 1;
        i += n ? n : 1;
    }
    return columns;
}

/* A word with the blanks before it goes into the line if it fits, and alone if it fits no line. */
void terminal_print(FILE *file, const char *text, unsigned columns, unsigned indent)
{
    unsigned used = 0;
    while (*text) {
        size_t blanks = strspn(text, " ");
        const size_t word = strcspn(text + blanks, " ");
        const unsigned width = columns_of(text + blanks, word);
        if (columns > 0 && used > indent && used + blanks + width > columns) {
            fprintf(file, "\n%*s", (int)indent, "");
            used = indent;
            text += blanks;
            blanks = 0;
        }
        fwrite(text, 1, blanks + word, file);
        used += (unsigned)blanks + width;
        text += blanks + word;
    }
    fputc('\n', file);
}

/* --- status line ----------------------------------------------------------------------------- */

static atomic_bool shown; /* relaxed: at worst a line is cleared that is not there */

bool terminal_has_status(void)
{
    const char *kind = getenv("TERM");
    if (isatty(STDERR_FILENO) != 1 || !kind || !kind[0] || strcmp(kind, "dumb") == 0)
        return false;
    const pid_t front = tcgetpgrp(STDERR_FILENO);
    return front < 0 || front == getpgrp();
}

/* Whole lines at once, past stdio, which a signal handler must not use.  What a terminal does not
 * take is lost; a status is not worth more. */
static void write_line(const char *text, size_t length)
{
    const ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
}

void terminal_show_status(const char *line)
{
    char text[1024];
    const int length = snprintf(text, sizeof text, "\r%s\033[K", line);
    atomic_store_explicit(&shown, true, memory_order_relaxed);
    write_line(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

void terminal_clear_status(void)
{
    static const char clear[] = "\r\033[K";
    if (atomic_exchange_explicit(&shown, false, memory_order_relaxed))
        write_line(clear, sizeof clear - 1);
}
