/* The entries of a matrix put in order, and those of one place added up; see mtx_order.h. */
#include "mtx_order.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

static bool fail(mtx_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(mtx_fault *fault, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, MTX_TEXT_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

static unsigned digit_of(const mtx_entry *e, bool by_row, unsigned shift)
{
    return ((by_row ? e->row : e->column) >> shift) & (DIGITS - 1);
}

/* One pass of a radix sort: stable, by one digit of rows or columns. */
static void sort_digit(const mtx_entry *from, mtx_entry *to, uint64_t count, bool by_row,
                       unsigned shift)
{
    uint64_t place[DIGITS] = {0}, sum = 0;
    for (uint64_t i = 0; i < count; i++)
        place[digit_of(&from[i], by_row, shift)]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        const uint64_t these = place[d];
        place[d] = sum;
        sum += these;
    }
    for (uint64_t i = 0; i < count; i++)
        to[place[digit_of(&from[i], by_row, shift)]++] = from[i];
}

static bool is_sorted(const mtx_matrix *m)
{
    for (uint64_t i = 1; i < m->entries; i++) {
        const mtx_entry *a = &m->entry[i - 1], *b = &m->entry[i];
        if (a->row > b->row || (a->row == b->row && a->column > b->column))
            return false;
    }
    return true;
}

/* By columns and then by rows. */
bool mtx_sort(mtx_matrix *m, mtx_fault *fault)
{
    if (is_sorted(m))
        return true;
    mtx_entry *other = malloc((size_t)m->entries * sizeof *other);
    if (other == NULL)
        return fail(fault, "there is no memory to sort %" PRIu64 " entries", m->entries);
    for (int by_row = 0; by_row < 2; by_row++) {
        const uint32_t most = by_row ? m->rows : m->columns;
        for (unsigned shift = 0; shift < 32 && most >> shift > 0; shift += DIGIT_BITS) {
            mtx_entry *const from = m->entry;
            sort_digit(from, other, m->entries, by_row, shift);
            m->entry = other;
            other = from;
        }
    }
    free(other);
    return true;
}

bool mtx_join(mtx_matrix *m, mtx_fault *fault)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < m->entries; i++) {
        const mtx_entry e = m->entry[i];
        mtx_entry *last = kept ? &m->entry[kept - 1] : NULL;
        if (last == NULL || last->row != e.row || last->column != e.column) {
            m->entry[kept++] = e;
            continue;
        }
        if (m->field != MTX_PATTERN)
            last->value += e.value;
        if (!isfinite(last->value))
            return fail(fault,
                        "the entries of row %" PRIu32 ", column %" PRIu32
                        " add up to more than a double holds",
                        e.row + 1, e.column + 1);
    }
    m->joined = m->entries - kept;
    m->entries = kept;
    return true;
}

bool mtx_permute(mtx_matrix *m, const uint32_t *order, mtx_fault *fault)
{
    uint32_t *place = malloc(m->rows ? m->rows * sizeof *place : 1);
    if (place == NULL)
        return fail(fault, "there is no memory to renumber %" PRIu32 " rows", m->rows);
    for (uint32_t k = 0; k < m->rows; k++)
        place[order[k]] = k;
    for (uint64_t i = 0; i < m->entries; i++) {
        mtx_entry *e = &m->entry[i];
        const uint32_t a = place[e->row], b = place[e->column];
        *e = (mtx_entry){.row = a > b ? a : b, .column = a > b ? b : a, .value = e->value};
    }
    free(place);
    return mtx_sort(m, fault);
}

static bool entry_is_valid(const mtx_matrix *m, const mtx_entry *e)
{
    return e->row < m->rows && e->column < m->columns && isfinite(e->value) &&
           (m->symmetry == MTX_GENERAL || e->column <= e->row) &&
           (m->symmetry != MTX_SKEW || e->column < e->row);
}

bool mtx_is_valid(const mtx_matrix *m)
{
    if (m->symmetry != MTX_GENERAL && m->rows != m->columns)
        return false;
    for (uint64_t i = 0; i < m->entries; i++) {
        const mtx_entry *e = &m->entry[i];
        if (!entry_is_valid(m, e))
            return false;
        if (i > 0 && (e[-1].row > e->row || (e[-1].row == e->row && e[-1].column >= e->column)))
            return false;
    }
    return true;
}
