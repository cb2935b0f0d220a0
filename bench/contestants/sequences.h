/* Two sequences of letters: generated, or of a FASTA file.
 *
 * wavefront.c asks.  What is generated must depend on the length alone. */
#ifndef WEIR_BENCH_SEQUENCES_H
#define WEIR_BENCH_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sequences {
    char *letters[2]; /* not terminated */
    uint32_t length[2];
} sequences;

/* file:    its first two sequences, in capitals; NULL: generated ones of `most` letters, of A, C, G and
 *          T, of which the second is the first after mutations.
 * most:    of longer ones only so many letters; 0: all.
 * Returns: false after saying on stderr what is wrong. */
bool sequences_create(sequences *s, const char *file, uint64_t most);
void sequences_destroy(sequences *s);

#endif
