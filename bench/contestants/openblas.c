/* Finding OpenBLAS's functions; see openblas.h. */
#include "openblas.h"

#include <stdlib.h>

#include "library.h"

openblas blas;

bool openblas_load(void)
{
    openblas found;
    if (blas.dpotrf != NULL)
        return true;
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* or it starts threads when it is loaded */
    void *library = library_open(BENCH_OPENBLAS);
    if (library == NULL ||
        !library_find(library, "openblas_set_num_threads", &found.set_num_threads) ||
        !library_find(library, "cblas_dgemm", &found.dgemm) ||
        !library_find(library, "cblas_dsyrk", &found.dsyrk) ||
        !library_find(library, "cblas_dtrsm", &found.dtrsm) ||
        !library_find(library, "dpotrf_", &found.dpotrf) ||
        !library_find(library, "dgetrf_", &found.dgetrf) ||
        !library_find(library, "dlaswp_", &found.dlaswp))
        return false;
    blas = found;
    blas.set_num_threads(1);
    return true;
}
