/* The table of applications; see application.h. */
#include "application.h"

static const application *const applications[] = {
#ifdef BENCH_OPENBLAS
    &application_cholesky,
    &application_lu,
#endif
    &application_eliminate,
    &application_incomplete,
    &application_jacobi,
    &application_solve,
    &application_solve_factor,
    &application_wavefront,
    NULL};

const application *application_find(const char *name)
{
    for (const application *const *a = applications; *a != NULL; a++)
        if (strcmp((*a)->name, name) == 0)
            return *a;
    return NULL;
}
