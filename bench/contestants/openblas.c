/* Finding OpenBLAS's functions; see openblas.h. */
#include "openblas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

openblas blas;

/* A pointer to a function, by way of memory: C has no conversion. */
static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

bool openblas_load(void)
{
    if (blas.dpotrf != NULL)
        return true;
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* or it starts threads when it is loaded */
    void *library = dlopen(BENCH_OPENBLAS, RTLD_NOW | RTLD_LOCAL);
    openblas found;
    if (library != NULL && find(library, "openblas_set_num_threads", &found.set_num_threads) &&
        find(library, "cblas_dgemm", &found.dgemm) && find(library, "cblas_dsyrk", &found.dsyrk) &&
        find(library, "cblas_dtrsm", &found.dtrsm) && find(library, "dpotrf_", &found.dpotrf) &&
        find(library, "dgetrf_", &found.dgetrf) && find(library, "dlaswp_", &found.dlaswp)) {
        blas = found;
        blas.set_num_threads(1);
        return true;
    }
    fprintf(stderr, "OpenBLAS: %s\n", dlerror());
    return false;
}
