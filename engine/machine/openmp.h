/* What the OpenMP runtime says of the threads that it will give: how many, and where.
 *
 * decide.c and topology.c ask, before a run.  It must never change a setting of the runtime, and
 * takes the runtime's word before the environment's: what a variable means, and whether it counts at
 * all, differs between libgomp and libomp. */
#ifndef WEIR_OPENMP_H
#define WEIR_OPENMP_H

#include "base/base.h"

typedef struct weir__openmp {
    bool binds;           /* the runtime puts its threads on its places */
    bool refuses;         /* the user does not want threads bound */
    const char *variable; /* which of them says so, and its value; NULL: none is set */
    const char *value;
    unsigned places;  /* that limit where threads go; 0: nothing but the affinity mask does */
    unsigned threads; /* OMP_NUM_THREADS; 0: not set, or not a number */
    unsigned limit;   /* most threads of a team: OMP_THREAD_LIMIT */
    bool dynamic;     /* OMP_DYNAMIC: a team may be smaller than asked for */
} weir__openmp;

weir__openmp weir__openmp_look(void);

/* How many CPUs a place has, and their numbers. */
unsigned weir__openmp_place_cpus(unsigned place);
void weir__openmp_read_place(unsigned place, int *cpus);

#endif
