/* Jacobi's iteration as a graph: blocks of rows by sweeps, built once and run again and again.
 *
 * An application (application.h), whose graph has all sweeps: a task is one sweep of one block, and needs
 * its own block and the neighbours' of the sweep before, so that no sweep waits for the whole one before
 * it.  A sweep must write what the five-point stencil's rows are, bit by bit. */
#ifndef WEIR_BENCH_JACOBI_H
#define WEIR_BENCH_JACOBI_H

#include "problem.h"

/* Of a sweep; task i is block i % blocks of sweep i / blocks. */
uint32_t jacobi_blocks(const problem *p);

#endif
