/* The body of a part: a worker runs it depth first over frames that it alone owns.
 *
 * run.c runs the root with it, the OpenMP tasks of promote.c all other parts and the gathers of
 * branches that were cut.  It must never wait for another worker: where results are missing, it
 * leaves gather tasks behind and returns. */
#ifndef WEIR_PART_H
#define WEIR_PART_H

#include "branch.h"

/* Runs a part: its children, and the gathers of all branches that it completes. */
void weir__part_run(weir__run *run, weir__part *part);

/* Gathers `from`, whose parts are all complete, and its parents up to, but without, `to`. With
 * `last` the part is complete then. */
void weir__part_gather_up(weir__run *run, weir__part *part, weir__frame *from, weir__frame *to,
                          bool last);

#endif
