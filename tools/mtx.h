/* Matrix Market files in coordinate format: sparse matrices, one entry a line, as text.
 *
 * graph.c calls it for a file, the unit tests for bytes that they make up.  It must never believe a
 * header: memory grows with the entries that have been read, never with those that are announced.
 *
 * The format: Boisvert, Pozo, Remington, "The Matrix Market Exchange Formats", NISTIR 5935, 1996. */
#ifndef WEIR_MTX_H
#define WEIR_MTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    MTX_LINE_BYTES = 1024, /* of a line that is no comment: the format's own limit */
    MTX_TEXT_BYTES = 256
};

#define MTX_MOST_ROWS (UINT32_MAX - 1)

typedef enum mtx_field { MTX_REAL, MTX_INTEGER, MTX_COMPLEX, MTX_PATTERN } mtx_field;

typedef enum mtx_symmetry {
    MTX_GENERAL,
    MTX_SYMMETRIC,
    MTX_SKEW, /* skew-symmetric */
    MTX_HERMITIAN
} mtx_symmetry;

/* Row and column count from 0.  The value of a pattern is 1; of complex values only the real part is
 * kept, since nothing here computes with them. */
typedef struct mtx_entry {
    uint32_t row, column;
    double value;
} mtx_entry;

/* Invariant: entries are in ascending order of (row, column), none of them twice; 0 <= row < rows,
 * 0 <= column < columns; a matrix that is not general is square and has only its lower triangle
 * here, a skew-symmetric one without the diagonal; every value is finite. */
typedef struct mtx_matrix {
    mtx_field field;
    mtx_symmetry symmetry;
    uint32_t rows, columns;
    uint64_t entries;
    mtx_entry *entry;
    uint64_t joined; /* how many entries of the file were added to another of the same place */
} mtx_matrix;

/* What is wrong, in which line, and what would be right: one line, without the file's name. */
typedef struct mtx_fault {
    char text[MTX_TEXT_BYTES];
} mtx_fault;

/* Reads a whole file from where it stands to its end.
 *
 * file_bytes: how long the file is, so that an impossible header is refused at once; UINT64_MAX
 *             where that is not known, as with a pipe.
 * Owns:       the caller frees *matrix by mtx_free().
 * Returns:    true; or false and the fault, and nothing to free.
 * Cost:       at most 48 bytes of memory for an entry that has been read. */
bool mtx_read(FILE *file, uint64_t file_bytes, mtx_matrix *matrix, mtx_fault *fault);

/* The same for the file of that name, or standard input for "-". */
bool mtx_load(const char *path, mtx_matrix *matrix, mtx_fault *fault);

void mtx_free(mtx_matrix *matrix);

/* Whether the invariant above holds. */
bool mtx_is_valid(const mtx_matrix *matrix);

/* The format's own words for them, like "real" and "skew-symmetric". */
const char *mtx_field_name(mtx_field field);
const char *mtx_symmetry_name(mtx_symmetry symmetry);

#endif
