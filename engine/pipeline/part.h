/* The body of a part: a worker runs it depth first over frames that it alone owns.
 *
 * run.c runs the root with it, the OpenMP tasks of promote.c all other parts and the gathers of
 * branches that were cut.  It must never wait for another worker: where results are missing, it
 * leaves gather tasks behind and returns. */
#ifndef WEIR_PART_H
#define WEIR_PART_H

#include "pipeline/branch.h"

/* Runs a part: its children, and the gathers of all branches that it completes. Returns true if the
 * worker may look for more; then *part is another one that it was given meanwhile, or NULL. */
bool weir__part_run(weir__run *run, weir__part **part);

/* A worker of a team: runs the root, or a part that a task has woken it for, or none yet (NULL), and then
 * others, until there are none for a while, or there may be a task to run. */
void weir__part_serve(weir__run *run, weir__part *part);

/* In a task: gathers f, whose parts are all complete, and its parents, until one has parts out or the part is
 * complete. */
void weir__part_gather_up(weir__run *run, weir__part *part, weir__frame *f);

#endif
