/* The graphs whose tasks compute something, with a result that is checked.
 *
 * problem.c and dag.c find one by the problem's name and call its functions; each is in a file of its
 * own.  The kernels must never know who runs them. */
#ifndef WEIR_BENCH_APPLICATION_H
#define WEIR_BENCH_APPLICATION_H

#include "problem.h"

/* All of one problem; p->data is the application's own. */
typedef struct application {
    const char *name;
    bool (*create)(problem *p);             /* false after saying why, with nothing to destroy */
    bool (*make)(dag *d, const problem *p); /* fills an empty graph; false without memory */
    void (*reset)(const problem *p);        /* before each run */
    uint64_t (*check)(const problem *p);    /* after it: 0 for a wrong result */
    void (*destroy)(problem *p);
} application;

/* NULL: there is none of that name. */
const application *application_find(const char *name);

extern const application application_cholesky, application_eliminate, application_incomplete,
    application_jacobi, application_lu, application_solve, application_solve_factor,
    application_wavefront;

#endif
