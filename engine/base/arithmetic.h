/* The floating-point mode of a thread: how it rounds, what becomes of subnormal numbers, which
 * exceptions trap.
 *
 * A run has the mode of the thread that starts it, in all its workers; whoever runs ops sets it, and
 * puts back what the thread had.  Else a result would depend on which worker computes it.  It must
 * never change the exception flags, which say what a thread has computed so far.
 *
 * On x86-64 the mode is the control bits of MXCSR and the x87 control word, on AArch64 it is FPCR;
 * elsewhere it is the rounding direction alone. */
#ifndef WEIR_ARITHMETIC_H
#define WEIR_ARITHMETIC_H

#include "base/base.h"

typedef struct weir__arithmetic {
#if defined(__x86_64__)
    uint32_t sse; /* MXCSR without the flags */
    uint16_t x87;
#elif defined(__aarch64__)
    uint64_t fpcr;
#else
    int rounding; /* of <fenv.h> */
#endif
} weir__arithmetic;

/* The calling thread's.
 * Cost:  some nanoseconds. */
weir__arithmetic weir__arithmetic_get(void);
/* The calling thread has it from now on. By pointer, so that it can be a variable's cleanup.
 * Cost:  as much, where the thread has it already. */
void weir__arithmetic_set(const weir__arithmetic *mode);

#endif
