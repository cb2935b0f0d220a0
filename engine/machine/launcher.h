/* Which of the processes that a launcher started on this node this one is.
 *
 * decide.c asks once per engine.  It must never look at anything but the environment, and takes
 * only numbers that make sense together. */
#ifndef WEIR_LAUNCHER_H
#define WEIR_LAUNCHER_H

#include "base/base.h"

typedef struct weir__launcher {
    unsigned rank, ranks; /* on this node, from 0; ranks is 1 if no launcher says more */
    const char *name;     /* of the launcher, or its variable; NULL: none */
} weir__launcher;

/* Open MPI, MPICH's Hydra and Intel MPI, MVAPICH2, PALS, IBM's JSM, Flux, Slurm: the innermost that
 * says both numbers, since mpirun is often started by one of the last. */
weir__launcher weir__launcher_look(void);

#endif
