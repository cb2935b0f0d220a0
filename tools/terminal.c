/* The terminal's width and prose that fits it; see terminal.h. */
#include "terminal.h"

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
