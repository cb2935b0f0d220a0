/* OpenBLAS and the LAPACK in it, for the dense factorisations: one thread a call.
 *
 * Loaded when the first problem that needs it is made, so that it is in no other problem's resident
 * set.  It must never run more than one thread: who runs tasks at once is the contestant. */
#ifndef WEIR_BENCH_OPENBLAS_H
#define WEIR_BENCH_OPENBLAS_H

#include <stdbool.h>
#include <stddef.h>

/* Of cblas.h. */
enum {
    BLAS_COLUMNS = 102,
    BLAS_PLAIN = 111,
    BLAS_TRANSPOSED = 112,
    BLAS_LOWER = 122,
    BLAS_NON_UNIT = 131,
    BLAS_UNIT = 132,
    BLAS_LEFT = 141,
    BLAS_RIGHT = 142
};

/* Invariant: all or none are NULL. */
typedef struct openblas {
    void (*set_num_threads)(int n);
    void (*dgemm)(int layout, int turn_a, int turn_b, int m, int n, int k, double alpha,
                  const double *a, int lda, const double *b, int ldb, double beta, double *c,
                  int ldc);
    void (*dsyrk)(int layout, int part, int turn, int n, int k, double alpha, const double *a,
                  int lda, double beta, double *c, int ldc);
    void (*dtrsm)(int layout, int side, int part, int turn, int diagonal, int m, int n,
                  double alpha, const double *a, int lda, double *b, int ldb);
    void (*dpotrf)(const char *part, const int *n, double *a, const int *lda, int *info,
                   size_t part_length);
    void (*dgetrf)(const int *m, const int *n, double *a, const int *lda, int *pivot, int *info);
    void (*dlaswp)(const int *n, double *a, const int *lda, const int *first, const int *last,
                   const int *pivot, const int *step);
} openblas;

extern openblas blas; /* read-only once it is loaded */

/* False after saying why not. */
bool openblas_load(void);

#endif
