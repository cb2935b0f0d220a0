/* Reads the lines of a Matrix Market file into entries; see mtx.h.
 *
 * Files may be damaged or hostile, so every line goes through the cursor below, which ends where the
 * line ends, and every number is checked before it is used. */
#include "mtx.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "mtx_order.h"

typedef struct reader {
    FILE *file;
    uint64_t file_bytes;
    mtx_fault *fault;
    uint64_t line;      /* the number of the line in text, from 1 */
    uint64_t size_line; /* which line says the size */
    size_t length;
    char text[MTX_LINE_BYTES + 1];
} reader;

static bool fail(reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(reader *r, const char *format, ...)
{
    char *text = r->fault->text;
    va_list arguments;
    va_start(arguments, format);
    const int n = snprintf(text, MTX_TEXT_BYTES, "line %" PRIu64 ": ", r->line);
    vsnprintf(text + n, MTX_TEXT_BYTES - (size_t)n, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- lines ---- */

typedef enum outcome { BAD = -1, END = 0, LINE = 1 } outcome;

/* The next line, without what ends it. Of a comment the beginning is enough. */
static outcome read_line(reader *r)
{
    int c;
    r->length = 0;
    r->line++;
    while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
        if (r->length < MTX_LINE_BYTES) {
            r->text[r->length++] = (char)c;
        } else if (r->text[0] != '%') {
            if (r->line == 1) /* some other kind of file, of which that is enough */
                break;
            fail(r, "it is longer than %d characters, the most that a line has", MTX_LINE_BYTES);
            return BAD;
        }
    }
    r->text[r->length] = '\0';
    if (c == EOF && ferror(r->file)) {
        fail(r, "it cannot be read: %s", strerror(errno));
        return BAD;
    }
    return c == EOF && r->length == 0 ? END : LINE;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The next line that says something: no comment, and not blank. */
static outcome read_data(reader *r)
{
    for (;;) {
        const outcome o = read_line(r);
        if (o != LINE)
            return o;
        size_t at = 0;
        while (at < r->length && is_blank(r->text[at]))
            at++;
        if (at < r->length && r->text[0] != '%')
            return LINE;
    }
}

/* ---- words of a line ---- */

typedef struct word {
    const char *text; /* ends where the line ends, at the latest */
    size_t length;    /* 0: the line has no more */
} word;

enum { SHOWN = 24 }; /* bytes of a wrong word that an error shows */

#define SHOW(w) (int)((w).length > SHOWN ? SHOWN : (w).length), (w).text

static word next_word(const char **at, const char *end)
{
    while (*at < end && is_blank(**at))
        ++*at;
    word w = {.text = *at};
    while (*at < end && !is_blank(**at))
        ++*at;
    w.length = (size_t)(*at - w.text);
    return w;
}

static bool word_is(word w, const char *text)
{
    return w.length == strlen(text) && strncasecmp(w.text, text, w.length) == 0;
}

/* Digits only, and no more than 64 bits. */
static bool word_to_count(word w, uint64_t *count)
{
    uint64_t n = 0;
    for (size_t i = 0; i < w.length; i++) {
        const unsigned digit = (unsigned)(w.text[i] - '0');
        if (digit > 9 || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *count = n;
    return w.length > 0;
}

/* A decimal number, as strtod() reads it, but neither hexadecimal nor a name like "inf". */
static bool word_to_value(word w, bool whole, double *value)
{
    for (size_t i = 0; i < w.length; i++)
        if (w.text[i] == '\0' || !strchr(whole ? "+-0123456789" : "+-.0123456789eE", w.text[i]))
            return false;
    char *end;
    *value = strtod(w.text, &end); /* the word ends at a blank or at the line's own end */
    return w.length > 0 && end == w.text + w.length && isfinite(*value);
}

/* ---- the two lines before the entries ---- */

static const char *const field_names[] = {[MTX_REAL] = "real",
                                          [MTX_INTEGER] = "integer",
                                          [MTX_COMPLEX] = "complex",
                                          [MTX_PATTERN] = "pattern"};

static const char *const symmetry_names[] = {[MTX_GENERAL] = "general",
                                             [MTX_SYMMETRIC] = "symmetric",
                                             [MTX_SKEW] = "skew-symmetric",
                                             [MTX_HERMITIAN] = "hermitian"};

const char *mtx_field_name(mtx_field field)
{
    return field_names[field];
}

const char *mtx_symmetry_name(mtx_symmetry symmetry)
{
    return symmetry_names[symmetry];
}

/* Returns: which of the names it is, or -1. */
static int find_name(word w, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (word_is(w, names[i]))
            return i;
    return -1;
}

static bool parse_banner(reader *r, mtx_matrix *m)
{
    const char *at = r->text, *const end = r->text + r->length;
    if (r->length >= 2 && memcmp(r->text, "\x1f\x8b", 2) == 0)
        return fail(r, "it is compressed by gzip; 'gzip -dc FILE' writes the matrix, which is read "
                       "from standard input where '-' is the file");
    word w = next_word(&at, end);
    if (!word_is(w, "%%MatrixMarket"))
        return fail(r,
                    "it begins with '%.*s', so this is no Matrix Market file; those begin like "
                    "'%%%%MatrixMarket matrix coordinate real general'",
                    SHOW(w));
    w = next_word(&at, end);
    if (!word_is(w, "matrix"))
        return fail(r, "the object is '%.*s'; it must be matrix", SHOW(w));
    w = next_word(&at, end);
    if (!word_is(w, "coordinate"))
        return fail(r, "the format is '%.*s'; it must be coordinate, that of sparse matrices",
                    SHOW(w));
    w = next_word(&at, end);
    const int field = find_name(w, field_names, 4);
    if (field < 0)
        return fail(r, "the field is '%.*s'; it must be real, integer, complex or pattern",
                    SHOW(w));
    w = next_word(&at, end);
    const int symmetry = find_name(w, symmetry_names, 4);
    if (symmetry < 0)
        return fail(r,
                    "the symmetry is '%.*s'; it must be general, symmetric, skew-symmetric or "
                    "hermitian",
                    SHOW(w));
    w = next_word(&at, end);
    if (w.length > 0)
        return fail(r, "'%.*s' follows the symmetry, the last word of this line", SHOW(w));
    if (symmetry == MTX_HERMITIAN && field != MTX_COMPLEX)
        return fail(r, "a hermitian matrix is complex, not %s; a real one is symmetric",
                    field_names[field]);
    if (symmetry == MTX_SKEW && field == MTX_PATTERN)
        return fail(r, "a pattern is general or symmetric, since it has no signs");
    m->field = (mtx_field)field;
    m->symmetry = (mtx_symmetry)symmetry;
    return true;
}

/* The fewest bytes of an entry: three blanks or ends of line at most stand between and behind its
 * numbers, of one digit each. */
static uint64_t least_entry_bytes(mtx_field field)
{
    return field == MTX_PATTERN ? 4 : field == MTX_COMPLEX ? 8 : 6;
}

static bool parse_size(reader *r, mtx_matrix *m, uint64_t *announced)
{
    const char *at = r->text, *const end = r->text + r->length;
    uint64_t size[3];
    r->size_line = r->line;
    for (int i = 0; i < 3; i++) {
        const word w = next_word(&at, end);
        if (!word_to_count(w, &size[i]))
            return fail(r,
                        "'%.*s' is not %s; this line has three whole numbers: rows, columns and "
                        "entries",
                        SHOW(w),
                        i == 0   ? "how many rows"
                        : i == 1 ? "how many columns"
                                 : "how many entries");
    }
    const word more = next_word(&at, end);
    if (more.length > 0)
        return fail(r, "'%.*s' follows the size, which is rows, columns and entries", SHOW(more));
    for (int i = 0; i < 2; i++)
        if (size[i] > MTX_MOST_ROWS)
            return fail(r, "%" PRIu64 " %s are too many; weir takes up to %" PRIu32, size[i],
                        i ? "columns" : "rows", MTX_MOST_ROWS);
    if (m->symmetry != MTX_GENERAL && size[0] != size[1])
        return fail(r, "%" PRIu64 " rows and %" PRIu64 " columns; a %s matrix has as many of both",
                    size[0], size[1], symmetry_names[m->symmetry]);
    const uint64_t least = least_entry_bytes(m->field);
    /* The last line may do without its end. */
    if (r->file_bytes != UINT64_MAX && size[2] > (r->file_bytes + 1) / least)
        return fail(r,
                    "%" PRIu64 " entries cannot be in a file of %" PRIu64
                    " bytes, since each takes at least %" PRIu64,
                    size[2], r->file_bytes, least);
    m->rows = (uint32_t)size[0];
    m->columns = (uint32_t)size[1];
    *announced = size[2];
    return true;
}

/* ---- entries ---- */

static bool parse_index(reader *r, word w, const char *what, uint32_t most, uint32_t *index)
{
    uint64_t number;
    if (w.length == 0)
        return fail(r, "the %s is missing; it must be a number from 1 to %" PRIu32, what, most);
    if (!word_to_count(w, &number) || number < 1 || number > most)
        return fail(r, "the %s is '%.*s'; it must be a number from 1 to %" PRIu32, what, SHOW(w),
                    most);
    *index = (uint32_t)(number - 1);
    return true;
}

static bool parse_value(reader *r, word w, const mtx_matrix *m, double *value)
{
    const bool whole = m->field == MTX_INTEGER;
    if (w.length == 0)
        return fail(r, "a value is missing; an entry of this file is a row, a column and %s",
                    m->field == MTX_COMPLEX ? "two values" : "a value");
    if (!word_to_value(w, whole, value))
        return fail(r, "the value is '%.*s'; it must be a finite %s", SHOW(w),
                    whole ? "whole number, like -15" : "number, like -1.5e3");
    return true;
}

static bool parse_entry(reader *r, const mtx_matrix *m, mtx_entry *e)
{
    const char *at = r->text, *const end = r->text + r->length;
    double imaginary;
    if (!parse_index(r, next_word(&at, end), "row", m->rows, &e->row) ||
        !parse_index(r, next_word(&at, end), "column", m->columns, &e->column))
        return false;
    e->value = 1;
    if (m->field != MTX_PATTERN && !parse_value(r, next_word(&at, end), m, &e->value))
        return false;
    if (m->field == MTX_COMPLEX && !parse_value(r, next_word(&at, end), m, &imaginary))
        return false;
    const word more = next_word(&at, end);
    if (more.length > 0)
        return fail(r, "'%.*s' follows the entry, which is a row, a column and %s", SHOW(more),
                    m->field == MTX_PATTERN   ? "no value"
                    : m->field == MTX_COMPLEX ? "two values"
                                              : "a value");
    if (m->symmetry != MTX_GENERAL && e->row < e->column)
        return fail(r,
                    "row %" PRIu32 ", column %" PRIu32 " is above the diagonal; of a %s matrix "
                    "only the lower triangle is written",
                    e->row + 1, e->column + 1, symmetry_names[m->symmetry]);
    if (m->symmetry == MTX_SKEW && e->row == e->column)
        return fail(r,
                    "row %" PRIu32 ", column %" PRIu32 " is on the diagonal, which is zero in a "
                    "skew-symmetric matrix and not written",
                    e->row + 1, e->column + 1);
    return true;
}

/* Room for one more, twice as many as before but no more than are announced. */
static bool grow(reader *r, mtx_matrix *m, uint64_t *room, uint64_t announced)
{
    enum { FIRST = 256 };
    uint64_t wanted = *room ? *room * 2 : FIRST;
    if (wanted > announced)
        wanted = announced;
    mtx_entry *more = NULL;
    if (wanted <= SIZE_MAX / sizeof *more)
        more = realloc(m->entry, (size_t)wanted * sizeof *more);
    if (more == NULL)
        return fail(r, "there is no memory for %" PRIu64 " entries", wanted);
    m->entry = more;
    *room = wanted;
    return true;
}

static bool read_entries(reader *r, mtx_matrix *m, uint64_t announced)
{
    uint64_t room = 0;
    outcome o;
    while ((o = read_data(r)) == LINE) {
        if (m->entries == announced)
            return fail(r, "there are more entries than the %" PRIu64 " that line %" PRIu64 " says",
                        announced, r->size_line);
        if (m->entries == room && !grow(r, m, &room, announced))
            return false;
        if (!parse_entry(r, m, &m->entry[m->entries]))
            return false;
        m->entries++;
    }
    if (o == BAD)
        return false;
    if (m->entries < announced)
        return fail(r,
                    "the file ends after %" PRIu64 " of the %" PRIu64 " entries that line %" PRIu64
                    " says",
                    m->entries, announced, r->size_line);
    return true;
}

/* ---- the whole ---- */

static bool read_header(reader *r, mtx_matrix *m, uint64_t *announced)
{
    outcome o = read_line(r);
    if (o == END)
        return fail(r, "the file is empty");
    if (o == BAD || !parse_banner(r, m))
        return false;
    o = read_data(r);
    if (o == END)
        return fail(r, "the file ends before its size: rows, columns and entries");
    return o == LINE && parse_size(r, m, announced);
}

bool mtx_read(FILE *file, uint64_t file_bytes, mtx_matrix *matrix, mtx_fault *fault)
{
    reader r = {.file = file, .file_bytes = file_bytes, .fault = fault};
    uint64_t announced = 0;
    *matrix = (mtx_matrix){0};
    if (read_header(&r, matrix, &announced) && read_entries(&r, matrix, announced) &&
        mtx_sort(matrix, fault) && mtx_join(matrix, fault))
        return true;
    mtx_free(matrix);
    return false;
}

bool mtx_load(const char *path, mtx_matrix *matrix, mtx_fault *fault)
{
    if (strcmp(path, "-") == 0)
        return mtx_read(stdin, UINT64_MAX, matrix, fault);
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (file == NULL || fstat(fileno(file), &about) != 0) {
        snprintf(fault->text, sizeof fault->text, "%s", strerror(errno));
        if (file != NULL)
            fclose(file);
        return false;
    }
    const uint64_t bytes = S_ISREG(about.st_mode) ? (uint64_t)about.st_size : UINT64_MAX;
    const bool good = mtx_read(file, bytes, matrix, fault);
    fclose(file);
    return good;
}

void mtx_free(mtx_matrix *matrix)
{
    free(matrix->entry);
    *matrix = (mtx_matrix){0};
}
