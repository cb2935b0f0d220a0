/* A thread's duty in a team: to be a worker, until the team is to leave.
 *
 * Whoever has a team run has each of its threads do its duty.  It must never return while the worker could
 * still be given an item. */
#ifndef WEIR_DUTY_H
#define WEIR_DUTY_H

#include "sched/item.h"
#include "sched/worker.h"

/* The calling thread is this worker, of a team of so many: it runs the item, if there is one, and then
 * others. */
void weir__duty_do(weir__worker *worker, weir__item *item, unsigned team);

#endif
