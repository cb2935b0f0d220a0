/* The header of .npy files (format versions 1.0, 2.0 and 3.0), and the names of number types.
 *
 * stats_input.c calls it with bytes that it has read, the unit tests with bytes that they make up.
 * It must never read a file, allocate, or look beyond the length that it is given. */
#ifndef WEIR_NPY_H
#define WEIR_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NPY_MAX_DIMS = 64,
    NPY_PREAMBLE_BYTES = 12, /* enough of any file for npy_header_bytes() */
    NPY_MAX_HEADER_BYTES =
        1 << 20, /* numbers need some hundred; only records of fields need more */
    NPY_TEXT_BYTES = 160
};

typedef struct npy_dtype {
    char kind;           /* 'b' bool, 'i' signed, 'u' unsigned, 'f' float, as numpy names them */
    unsigned char bytes; /* 1, 2, 4 or 8 */
    bool swapped;        /* not this machine's byte order */
} npy_dtype;

/* Invariant: values is the product of shape[0 … dims-1], and values * dtype.bytes <= INT64_MAX. */
typedef struct npy_array {
    npy_dtype dtype;
    bool fortran_order;
    unsigned dims;
    uint64_t shape[NPY_MAX_DIMS];
    uint64_t values;
    uint64_t data_offset; /* of the first value in the file */
} npy_array;

/* What is wrong and what would be right: one line, without the file's name. */
typedef struct npy_fault {
    char text[NPY_TEXT_BYTES];
} npy_fault;

/* How many bytes of the file the header takes, preamble included, from its first `length` bytes.
 *
 * Returns: true and *header_bytes, at most NPY_MAX_HEADER_BYTES; or false and the fault. */
bool npy_header_bytes(const void *bytes, size_t length, size_t *header_bytes, npy_fault *fault);

/* Reads the whole header, of which `length` bytes are there.
 *
 * Returns: true and *array; or false and the fault.
 * Threads: any; a pure function of its arguments. */
bool npy_parse(const void *bytes, size_t length, npy_array *array, npy_fault *fault);

/* Reads a type's name: numpy's short form like "<f8", ">i2", "u1", "?", or one like "float64".
 * `length` is that of the text, which need not end in 0. */
bool npy_parse_dtype(const char *text, size_t length, npy_dtype *dtype, npy_fault *fault);

/* Sets dims, shape and values; the dtype must be there.
 * Returns: false and the fault if there are too many dimensions or too many bytes. */
bool npy_set_shape(npy_array *array, const uint64_t *shape, unsigned dims, npy_fault *fault);

/* Writes a shape given as text like "1000,1000" into the array, whose dtype must be there. */
bool npy_parse_shape(const char *text, npy_array *array, npy_fault *fault);

/* "float64" or "float64, big-endian"; text has room for 32 bytes; returned. */
const char *npy_dtype_name(npy_dtype dtype, char text[32]);

/* numpy's short form, like "<f8" or "|u1"; text has room for 4 bytes; returned. */
const char *npy_dtype_code(npy_dtype dtype, char text[4]);

#endif
