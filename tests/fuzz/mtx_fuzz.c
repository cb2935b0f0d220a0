/* One input for the Matrix Market reader and for what makes graphs of matrices, as a fuzzer makes
 * them.
 *
 * `tools/dev fuzz` links it with libFuzzer, ctest with replay.c for the files of corpus/mtx. It
 * aborts where something is not as the headers say.  It must never take longer than a file of some
 * kilobytes is worth. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dag.h"
#include "dissection.h"
#include "elimination.h"
#include "factor.h"
#include "mtx.h"
#include "mtx_order.h"
#include "solve.h"
#include "substitution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger ones take memory and time by the number of rows, which a few bytes can announce. */
enum { MOST_ROWS = 200 };

static void expect(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

#define EXPECT(condition) expect(condition, #condition)

static void check_fault(const mtx_fault *fault)
{
    EXPECT(strnlen(fault->text, MTX_TEXT_BYTES) < MTX_TEXT_BYTES);
    EXPECT(fault->text[0] != '\0' && strchr(fault->text, '\n') == NULL);
}

static bool read_bytes(const uint8_t *data, size_t size, uint64_t file_bytes, mtx_matrix *m)
{
    mtx_fault fault = {.text = ""};
    FILE *file =
        size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : fopen("/dev/null", "rb");
    EXPECT(file != NULL);
    const bool good = mtx_read(file, file_bytes, m, &fault);
    fclose(file);
    if (!good) {
        EXPECT(m->entry == NULL && m->entries == 0);
        check_fault(&fault);
        return false;
    }
    EXPECT(mtx_is_valid(m));
    EXPECT(m->entries + m->joined <= size / 3); /* "1 1" and the end of a line, or of the file */
    return true;
}

static void solve(const mtx_matrix *m)
{
    mtx_fault fault = {.text = ""};
    substitution s;
    dag_shape shape;
    dag d;
    if (!solve_dag(m, &d, &fault)) {
        check_fault(&fault);
        return;
    }
    EXPECT(dag_is_valid(&d));
    EXPECT(dag_measure(&d, &shape));
    EXPECT(shape.depth <= d.tasks && shape.span <= shape.work && shape.widest <= d.tasks);
    EXPECT(substitution_create(m, &d, &s));
    for (uint32_t t = 0; t < d.tasks; t++)
        EXPECT(substitution_rows(&s, &t, 1) == 0);
    substitution_free(&s);
    dag_free(&d);
}

static void factorise(const mtx_matrix *m, const elimination *tree)
{
    factor f;
    dag d;
    EXPECT(elimination_is_valid(tree));
    EXPECT(elimination_dag(tree, &d));
    EXPECT(dag_is_valid(&d));
    EXPECT(factor_create(m, tree, &d, &f));
    for (uint32_t t = 0; t < d.tasks; t++) {
        const int code = factor_columns(&f, &t, 1);
        EXPECT(code == 0 || code == FACTOR_NOT_POSITIVE);
        if (code != 0)
            break;
    }
    factor_clear(&f);
    factor_free(&f);
    dag_free(&d);
}

static void eliminate(mtx_matrix *m, bool dissect)
{
    mtx_fault fault = {.text = ""};
    uint32_t order[MOST_ROWS];
    elimination tree;
    if (!elimination_prepare(m, &fault)) {
        check_fault(&fault);
        return;
    }
    EXPECT(mtx_is_valid(m));
    if (dissect) {
        EXPECT(dissection_find(m, order));
        EXPECT(mtx_permute(m, order, &fault));
        EXPECT(mtx_is_valid(m));
    }
    EXPECT(elimination_find(m, &tree, &fault));
    factorise(m, &tree);
    elimination_free(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int times = 0; times < 2; times++) {
        mtx_matrix m;
        if (!read_bytes(data, size, times == 0 ? size : UINT64_MAX, &m))
            continue;
        if (m.rows <= MOST_ROWS && m.columns <= MOST_ROWS) {
            solve(&m);
            eliminate(&m, times == 0);
        }
        mtx_free(&m);
    }
    return 0;
}
