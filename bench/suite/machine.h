/* What the figures were measured on.
 *
 * main.c asks once at the start; the report shows it.  It must never guess: what cannot be read is
 * "unknown". */
#ifndef WEIR_BENCH_MACHINE_H
#define WEIR_BENCH_MACHINE_H

#include <stdint.h>

#include "weir/topology.h"

typedef struct machine {
    char cpu[96], system[96], compiler[64], date[32];
    unsigned cores, threads;
    uint64_t memory_bytes;
    double load; /* the load average of the last minute */
} machine;

machine machine_describe(const weir_topology *topology);

#endif
