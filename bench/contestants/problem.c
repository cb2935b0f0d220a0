/* The data of the problems, before a run and after it; see problem.h.
 *
 * contestant.c calls it outside the timed part.  Values are whole numbers wherever sums of them are
 * compared, so that a result does not depend on who added first. */
#include "problem.h"

#include <stdlib.h>

#include "application.h"
#ifdef BENCH_OPENBLAS
#include "openblas.h"
#endif

static bool is(const problem *p, const char *name)
{
    return strcmp(p->name, name) == 0;
}

static double *make_doubles(uint64_t n)
{
    double *values = aligned_alloc(4096, (n * sizeof *values + 4095) / 4096 * 4096);
    if (values != NULL)
        memset(values, 0, n * sizeof *values);
    return values;
}

static bool on_matrices(const problem *p)
{
    return is(p, "matmul") || is(p, "blocked");
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

bool problem_create(problem *p)
{
    const uint64_t n = p->size;
    bool made = true;
    if (on_matrices(p)) {
        p->a = make_doubles(n * n);
        p->b = make_doubles(n * n);
        p->c = make_doubles(n * n);
        made = p->a != NULL && p->b != NULL && p->c != NULL;
        for (uint64_t i = 0; made && i < n * n; i++) {
            p->a[i] = (double)(mix(i) % 8);
            p->b[i] = (double)(mix(i + 1) % 8);
        }
    } else if (is(p, "stencil")) {
        p->a = make_doubles(n * n);
        p->b = make_doubles(n * n);
        made = p->a != NULL && p->b != NULL;
    } else if (is(p, "sum")) {
        p->a = make_doubles(n);
        made = p->a != NULL;
        for (uint64_t i = 0; made && i < n; i++)
            p->a[i] = (double)(i % 1024);
#ifdef BENCH_OPENBLAS
    } else if (is(p, "tile")) {
        made = openblas_load();
#endif
    } else if (is(p, "mergesort")) {
        p->keys = malloc(n * sizeof *p->keys);
        p->room = malloc(n * sizeof *p->room);
        made = p->keys != NULL && p->room != NULL;
    }
    if (application_find(p->name) != NULL)
        made = application_find(p->name)->create(p);
    if (made && dag_is(p->name))
        made = (p->dag = dag_for(p)) != NULL;
    if (!made)
        problem_destroy(p);
    return made;
}

void problem_reset(problem *p)
{
    const uint64_t n = p->size;
    if (on_matrices(p))
        memset(p->c, 0, n * n * sizeof *p->c);
    else if (is(p, "stencil"))
        for (uint64_t i = 0; i < n * n; i++)
            p->a[i] = (double)(mix(i) % 256);
    else if (is(p, "mergesort"))
        for (uint64_t i = 0; i < n; i++) {
            p->keys[i] = mix(i + 1);
            p->room[i] = 0;
        }
    else if (application_find(p->name) != NULL)
        application_find(p->name)->reset(p);
    if (p->dag != NULL)
        dag_reset(p->dag);
}

/* Of bit patterns and places: two arrays with the same one are taken for equal. */
static uint64_t checksum(const void *values, uint64_t n)
{
    const unsigned char *bytes = values;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        sum += mix(bits + i);
    }
    return sum;
}

uint64_t problem_answer(const problem *p, uint64_t result)
{
    const uint64_t n = p->size;
    if (on_matrices(p))
        return checksum(p->c, n * n);
    if (is(p, "stencil"))
        return checksum(p->depth % 2 == 0 ? p->a : p->b, n * n);
    if (is(p, "mergesort"))
        return checksum(p->keys, n);
    if (application_find(p->name) != NULL)
        return dag_is_in_order(p->dag) ? application_find(p->name)->check(p) : 0;
    return p->dag != NULL && !is(p, "dag-build") ? dag_answer(p->dag) : result;
}

void problem_destroy(problem *p)
{
    free(p->a);
    free(p->b);
    free(p->c);
    free(p->keys);
    free(p->room);
    dag_destroy(p->dag);
    if (p->data != NULL)
        application_find(p->name)->destroy(p);
    p->data = NULL;
    p->dag = NULL;
    p->a = p->b = p->c = NULL;
    p->keys = p->room = NULL;
}
