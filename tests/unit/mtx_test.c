/* The Matrix Market reader against good, odd, damaged and hostile files, all from memory.
 *
 * Files are copied into blocks of their exact size first, so that the address sanitizer sees a read
 * beyond them.  It must never read a file of the machine's, nor depend on a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtx.h"
#include "random.h"

#define REAL      "%%MatrixMarket matrix coordinate real general\n"
#define SYMMETRIC "%%MatrixMarket matrix coordinate real symmetric\n"
#define PATTERN   "%%MatrixMarket matrix coordinate pattern general\n"

/* Reads a copy; what comes of it must be right in itself. With `sized` the reader is told how long
 * the file is. */
static bool read_bytes(const char *bytes, size_t length, bool sized, mtx_matrix *m,
                       mtx_fault *fault)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    FILE *file = fmemopen(copy, length ? length : 1, "rb");
    assert_non_null(file);
    if (length == 0)
        getc(file);
    fault->text[0] = '\0';
    const bool good = mtx_read(file, sized ? length : UINT64_MAX, m, fault);
    fclose(file);
    free(copy);
    if (good) {
        assert_true(mtx_is_valid(m));
        assert_true(m->entries + m->joined <= length / 3);
    } else {
        assert_null(m->entry);
        if (strncmp(fault->text, "the entries of row ", 19) != 0) /* a sum: several lines' */
            assert_int_equal(strncmp(fault->text, "line ", 5), 0);
        assert_null(strchr(fault->text, '\n'));
        assert_in_range(strlen(fault->text), 20, MTX_TEXT_BYTES - 2);
    }
    return good;
}

static mtx_matrix read_good(const char *text)
{
    mtx_matrix m;
    mtx_fault fault;
    if (!read_bytes(text, strlen(text), true, &m, &fault))
        fail_msg("refused: %s\n%s", fault.text, text);
    return m;
}

static void assert_entry(const mtx_matrix *m, uint64_t i, uint32_t row, uint32_t column,
                         double value)
{
    assert_true(i < m->entries);
    assert_int_equal(m->entry[i].row, row);
    assert_int_equal(m->entry[i].column, column);
    assert_true(m->entry[i].value == value);
}

static void entries_count_from_0_and_are_sorted_by_rows(void **state)
{
    (void)state;
    mtx_matrix m = read_good(REAL "% two comments,\n%\n\n  3 4 4\n"
                                  "3 4 -1.5e3\n1 1 .5\n\n% and one more\n3 1 +2\n2 4 1E-2");
    assert_int_equal(m.rows, 3);
    assert_int_equal(m.columns, 4);
    assert_int_equal(m.entries, 4);
    assert_int_equal(m.joined, 0);
    assert_entry(&m, 0, 0, 0, 0.5);
    assert_entry(&m, 1, 1, 3, 0.01);
    assert_entry(&m, 2, 2, 0, 2);
    assert_entry(&m, 3, 2, 3, -1500);
    mtx_free(&m);
}

static void words_may_be_in_capitals_and_lines_end_as_on_other_systems(void **state)
{
    (void)state;
    mtx_matrix m = read_good("%%matrixmarket MATRIX Coordinate Integer Skew-Symmetric\r\n"
                             "2\t2 1\r\n\r\n2 \t1 -7 \r\n");
    assert_int_equal(m.field, MTX_INTEGER);
    assert_int_equal(m.symmetry, MTX_SKEW);
    assert_entry(&m, 0, 1, 0, -7);
    mtx_free(&m);
    m = read_good("%%MatrixMarket matrix coordinate complex hermitian\n2 2 2\n1 1 4 0\n2 1 3 -2\n");
    assert_string_equal(mtx_field_name(m.field), "complex");
    assert_string_equal(mtx_symmetry_name(m.symmetry), "hermitian");
    assert_entry(&m, 1, 1, 0, 3);
    mtx_free(&m);
    m = read_good("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n1 1\n2 1");
    assert_entry(&m, 1, 1, 0, 1);
    mtx_free(&m);
    m = read_good(PATTERN "0 0 0\n");
    assert_int_equal(m.entries, 0);
    mtx_free(&m);
}

static void entries_of_one_place_are_added_in_the_order_of_the_file(void **state)
{
    (void)state;
    mtx_matrix m = read_good(REAL "2 2 5\n2 1 1e16\n1 1 3\n2 1 1\n2 1 -1e16\n2 1 0.5\n");
    assert_int_equal(m.entries, 2);
    assert_int_equal(m.joined, 3);
    assert_entry(&m, 0, 0, 0, 3);
    assert_entry(&m, 1, 1, 0, 1e16 + 1 - 1e16 + 0.5);
    mtx_free(&m);
    m = read_good(PATTERN "1 1 3\n1 1\n1 1\n1 1\n");
    assert_entry(&m, 0, 0, 0, 1);
    mtx_free(&m);
}

static void a_large_matrix_has_every_entry_that_was_written(void **state)
{
    enum { ROWS = 5000, COLUMNS = 3000, ENTRIES = 20000, LINE = 32 };
    (void)state;
    char *text = malloc(256 + (size_t)ENTRIES * LINE);
    mtx_entry *wanted = malloc(ENTRIES * sizeof *wanted);
    assert_true(text != NULL && wanted != NULL);
    size_t length = (size_t)sprintf(text, "%s%d %d %d\n", REAL, ROWS, COLUMNS, ENTRIES);
    for (int i = 0; i < ENTRIES; i++) {
        wanted[i] = (mtx_entry){(uint32_t)(next_random() % ROWS),
                                (uint32_t)(next_random() % COLUMNS), (double)i};
        length += (size_t)sprintf(text + length, "%u %u %d\n", wanted[i].row + 1,
                                  wanted[i].column + 1, i);
    }
    mtx_matrix m = read_good(text);
    assert_int_equal(m.entries + m.joined, ENTRIES);
    for (int i = 0; i < ENTRIES; i++) { /* take each away again from where it must be */
        uint64_t low = 0, high = m.entries;
        const uint64_t key = (uint64_t)wanted[i].row << 32 | wanted[i].column;
        while (high - low > 1) {
            const uint64_t middle = low + (high - low) / 2;
            const mtx_entry e = m.entry[middle];
            *(((uint64_t)e.row << 32 | e.column) <= key ? &low : &high) = middle;
        }
        assert_int_equal(m.entry[low].row, wanted[i].row);
        assert_int_equal(m.entry[low].column, wanted[i].column);
        m.entry[low].value -= wanted[i].value;
    }
    for (uint64_t i = 0; i < m.entries; i++)
        assert_true(m.entry[i].value == 0);
    mtx_free(&m);
    free(wanted);
    free(text);
}

static const struct {
    const char *text, *says;
} wrong[] = {
    {"", "line 1: the file is empty"},
    {"\n", "line 1: it begins with '', so this is no Matrix Market file"},
    {"1 1 1\n", "line 1: it begins with '1', so this is no Matrix"},
    {"%%MatrixMarket tensor\n", "line 1: the object is 'tensor'; it must be matrix"},
    {"%%MatrixMarket matrix array real general\n2 2\n", "'array'; it must be coordinate"},
    {"%%MatrixMarket matrix coordinate quaternion general\n", "'quaternion'; it must be real,"},
    {"%%MatrixMarket matrix coordinate real\n", "the symmetry is ''; it must be general,"},
    {"%%MatrixMarket matrix coordinate real lower\n", "the symmetry is 'lower'; it must be"},
    {"%%MatrixMarket matrix coordinate real general 3\n", "'3' follows the symmetry"},
    {"%%MatrixMarket matrix coordinate real hermitian\n", "a hermitian matrix is complex"},
    {"%%MatrixMarket matrix coordinate pattern skew-symmetric\n", "general or symmetric"},
    {"\x1f\x8b\x08 and so on", "line 1: it is compressed by gzip; 'gzip -dc FILE' writes"},
    {REAL, "line 2: the file ends before its size"},
    {REAL "% more\n\n", "line 4: the file ends before its size"},
    {REAL "2 2\n", "line 2: '' is not how many entries; this line has three whole numbers"},
    {REAL "2 -2 1\n", "line 2: '-2' is not how many columns"},
    {REAL "2.0 2 1\n", "line 2: '2.0' is not how many rows"},
    {REAL "2 2 1 1\n", "line 2: '1' follows the size"},
    {REAL "2 99999999999999999999 1\n", "'99999999999999999999' is not how many columns"},
    {REAL "4294967295 2 1\n", "4294967295 rows are too many; weir takes up to 4294967294"},
    {SYMMETRIC "2 3 1\n", "2 rows and 3 columns; a symmetric matrix has as many of both"},
    {REAL "1000000 1000000 1000000000000\n1 1 1\n", "1000000000000 entries cannot be in a file of"},
    {REAL "2 2 18446744073709551615\n1 1 1\n", "each takes at least 6"},
    {REAL "2 2 2\n\n1 1 1\n", "line 5: the file ends after 1 of the 2 entries that line 2 says"},
    {REAL "2 2 1\n1 1 1\n2 2 1\n", "line 4: there are more entries than the 1 that line 2 says"},
    {REAL "2 2 1\n0 1 1\n", "line 3: the row is '0'; it must be a number from 1 to 2"},
    {REAL "2 2 1\n3 1 1\n", "line 3: the row is '3'"},
    {REAL "2 2 1\n1 18446744073709551617 1\n", "the column is '18446744073709551617'"},
    {REAL "2 2 1\n1 1.5 1\n", "line 3: the column is '1.5'"},
    {REAL "2 2 1\n1      \n", "line 3: the column is missing; it must be a number from 1 to 2"},
    {REAL "2 2 1\n1 1   \n", "line 3: a value is missing"},
    {REAL "2 2 1\n1 1 x\n", "line 3: the value is 'x'; it must be a finite number, like -1.5e3"},
    {REAL "2 2 1\n1 1 nan\n", "the value is 'nan'"},
    {REAL "2 2 1\n1 1 -inf\n", "the value is '-inf'"},
    {REAL "2 2 1\n1 1 0x10\n", "the value is '0x10'"},
    {REAL "2 2 1\n1 1 1e999\n", "the value is '1e999'"},
    {REAL "2 2 1\n1 1 1.0D+3\n", "the value is '1.0D+3'"},
    {REAL "2 2 1\n1 1 1e\n", "the value is '1e'"},
    {REAL "2 2 1\n1 1 1 1\n", "'1' follows the entry, which is a row, a column and a value"},
    {REAL "2 2 2\n1 1 1e308\n1 1 1e308\n", "row 1, column 1 add up to more than a double"},
    {PATTERN "2 2 1\n1 1 1\n", "'1' follows the entry, which is a row, a column and no value"},
    {SYMMETRIC "2 2 1\n1 2 1\n", "line 3: row 1, column 2 is above the diagonal; of a symmetric"},
    {"%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 1.5\n", "whole number, like"},
    {"%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 2 1\n", "the diagonal"},
    {"%%MatrixMarket matrix coordinate complex general\n2 2 1\n1 1 1  \n", "and two values"},
};

static void what_is_wrong_is_said_with_its_line_and_what_would_be_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        mtx_matrix m;
        mtx_fault fault;
        if (read_bytes(wrong[i].text, strlen(wrong[i].text), true, &m, &fault))
            fail_msg("accepted: %s", wrong[i].text);
        if (!strstr(fault.text, wrong[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", wrong[i].text, fault.text, wrong[i].says);
    }
}

/* A pipe does not say how long it is, so a header's promise can only be believed line by line: 16 TB
 * would not be there. */
static void a_promise_of_many_entries_takes_no_memory(void **state)
{
    static const char text[] = REAL "4294967294 4294967294 1000000000000\n9 9 1\n";
    mtx_matrix m;
    mtx_fault fault;
    (void)state;
    assert_false(read_bytes(text, sizeof text - 1, false, &m, &fault));
    assert_non_null(strstr(fault.text, "ends after 1 of the 1000000000000 entries"));
    m = read_good(REAL "4294967294 4294967294 1\n4294967294 1 2\n"); /* nor do rows */
    assert_entry(&m, 0, 4294967293U, 0, 2);
    mtx_free(&m);
}

static void long_lines_and_bytes_that_are_no_text_are_refused(void **state)
{
    static char text[8192];
    mtx_matrix m;
    mtx_fault fault;
    (void)state;
    int n =
        sprintf(text, "%s%%%05000d\n1 1 1\n1 1 %01000d\n", REAL, 1, 1); /* comments may be long */
    m = read_good(text);
    assert_entry(&m, 0, 0, 0, 1);
    mtx_free(&m);
    sprintf(text, "%s1 1 1\n1 1 %01021d\n", REAL, 1);
    assert_false(read_bytes(text, strlen(text), true, &m, &fault));
    assert_non_null(strstr(fault.text, "line 3: it is longer than 1024 characters"));
    memset(text, 'x', sizeof text);
    assert_false(read_bytes(text, sizeof text, true, &m, &fault));
    assert_non_null(strstr(fault.text, "this is no Matrix Market file"));
    n = sprintf(text, "%s1 1 1\n1 1 1\n", REAL);
    for (int i = 0; i < n; i++) { /* a zero anywhere */
        const char was = text[i];
        text[i] = '\0';
        if (read_bytes(text, (size_t)n, true, &m, &fault))
            fail_msg("accepted with a zero byte in place of byte %d", i);
        text[i] = was;
    }
}

static void a_file_that_ends_anywhere_is_refused_unless_only_its_last_byte_is_gone(void **state)
{
    static const char text[] = SYMMETRIC "% comment\n3 3 3\n1 1 4\n2 1 -1\n3 3 2\n";
    (void)state;
    for (size_t length = 0; length + 2 < sizeof text; length++) {
        mtx_matrix m;
        mtx_fault fault;
        if (read_bytes(text, length, length % 2, &m, &fault) && length + 2 < sizeof text - 1)
            fail_msg("accepted after %zu bytes", length);
    }
}

/* ---- mutations ---- */

static const char *const scraps[] = {"0",          "-1",      "99999999999999999999",
                                     "4294967295", "1e400",   "\n",
                                     " ",          "%",       "\r\n",
                                     "nan",        "1 1 1\n", "\xff",
                                     "3"};

/* Changes some bytes: overwrites, takes away, doubles or inserts; returns the new length. */
static size_t mutate(char *text, size_t length, size_t room)
{
    for (uint64_t changes = 1 + next_random() % 4; changes > 0 && length > 0; changes--) {
        const size_t at = next_random() % length;
        size_t n = 1 + next_random() % 12;
        if (n > length - at)
            n = length - at;
        const char *scrap = scraps[next_random() % (sizeof scraps / sizeof scraps[0])];
        switch (next_random() % 5) {
        case 0:
            text[at] = (char)next_random();
            break;
        case 1:
            memmove(text + at, text + at + n, length - at - n);
            length -= n;
            break;
        case 2:
            scrap = text + at;
            if (length + n > room)
                break;
            memmove(text + at + n, text + at, length - at);
            length += n;
            break;
        case 3:
            length = at;
            break;
        default:
            n = strlen(scrap);
            if (length + n > room)
                break;
            memmove(text + at + n, text + at, length - at);
            memcpy(text + at, scrap, n);
            length += n;
        }
    }
    return length;
}

/* Either it is read and right in itself, or refused with a line and a reason: read_bytes() checks
 * both. */
static void no_mutation_of_a_good_file_breaks_the_reader(void **state)
{
    enum { ROUNDS = 40000, ROOM = 512 };
    static const char *const good[] = {
        SYMMETRIC "% a comment\n4 4 6\n1 1 4.5\n2 2 4\n3 1 -1e0\n3 3 4\n4 3 .25\n4 4 4\n",
        REAL "3 5 4\n3 5 1\n1 1 2\n3 5 3\n2 4 -4\n", PATTERN "3 3 3\n1 1\n2 3\n1 3\n",
        "%%MatrixMarket matrix coordinate complex hermitian\n2 2 2\n1 1 1 0\n2 1 0 1\n",
        "%%MatrixMarket matrix coordinate integer skew-symmetric\n3 3 2\n2 1 5\n3 1 -5\n"};
    unsigned accepted = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[ROOM];
        mtx_matrix m;
        mtx_fault fault;
        const char *from = good[(unsigned)round % (sizeof good / sizeof good[0])];
        size_t length = strlen(from);
        memcpy(text, from, length);
        length = mutate(text, length, sizeof text);
        if (read_bytes(text, length, round % 2, &m, &fault)) {
            accepted++;
            mtx_free(&m);
        }
    }
    assert_in_range(accepted, ROUNDS / 100, ROUNDS / 2); /* both ways are taken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_count_from_0_and_are_sorted_by_rows),
        cmocka_unit_test(words_may_be_in_capitals_and_lines_end_as_on_other_systems),
        cmocka_unit_test(entries_of_one_place_are_added_in_the_order_of_the_file),
        cmocka_unit_test(a_large_matrix_has_every_entry_that_was_written),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line_and_what_would_be_right),
        cmocka_unit_test(a_promise_of_many_entries_takes_no_memory),
        cmocka_unit_test(long_lines_and_bytes_that_are_no_text_are_refused),
        cmocka_unit_test(a_file_that_ends_anywhere_is_refused_unless_only_its_last_byte_is_gone),
        cmocka_unit_test(no_mutation_of_a_good_file_breaks_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
