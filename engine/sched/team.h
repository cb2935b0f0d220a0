/* The team: enters the OpenMP region, binds its threads, runs a body on each.
 *
 * engine.c opens and closes it, every kind of run goes through weir__team_run().  It must never
 * know what a body does; and it holds the only `omp parallel` of the engine. */
#ifndef WEIR_TEAM_H
#define WEIR_TEAM_H

#include "base/base.h"
#include "machine/claim.h"
#include "machine/topology.h"

typedef struct weir__team {
    unsigned workers;        /* as many as the engine says it has */
    unsigned threads;        /* to ask OpenMP for, which has a limit */
    weir_topology *topology; /* NULL: OpenMP binds threads, or nobody can */
    unsigned *places;        /* hardware thread of each worker; NULL: threads are not bound */
    weir__claim *claim;      /* on those; NULL with places */
    weir__binding *caller;   /* the calling thread's own binding, while a run is under way */
    weir__binding *opener;   /* what the thread had that opened the team */
    bool bind_caller;        /* it has not been bound yet and should be; written by itself */
    bool restore_caller;     /* it has been bound; written by itself */
    unsigned came;           /* threads that OpenMP gave last; 0: not known. By worker 0 */
    uint64_t id;             /* of this team in this process: what a bound thread remembers */
} weir__team;

/* Opens a team as decided. topology is taken over, also by a failure.
 * Returns WEIR_OK, WEIR_ENOMEM, WEIR_ESYS (the system refuses the threads) or WEIR_ERUNTIME. */
weir_status weir__team_open(weir__team *team, const weir_placement *placement,
                            weir_topology *topology) WEIR_MUST_CHECK;
void weir__team_close(weir__team *team);

/* What every thread of the team runs: its worker number, and how many threads OpenMP gave. */
typedef void weir__team_body(void *argument, unsigned worker, unsigned size);

/* Runs body on each thread, the calling one as worker 0, and returns once all of them and every
 * task that came out of them have ended. With size 1, tasks must not be made. In a process that was
 * forked off, worker 0 may be another thread in place of the calling one (fork.h).
 *
 * On each thread body begins with the calling thread's floating-point mode. Whatever mode it leaves, the
 * pool's threads have their own again afterwards, and whoever calls this sees to the calling one.
 *
 * Returns:  WEIR_OK, or WEIR_ESYS or WEIR_ENOMEM: there are no threads for it, and body was not called.
 * Threads:  one run at a time per team. */
weir_status weir__team_run(weir__team *team, weir__team_body *body, void *argument) WEIR_MUST_CHECK;

/* How many would come to a run, as it looks now: 1, or what came last; 0: not known. */
unsigned weir__team_expected(const weir__team *team);
/* Runs body on the calling thread alone, without waking any other. Ops find there what they would
 * find in a region of the team's, and no exception leaves it. The caller is not bound.
 * Threads:  the one that may call weir__team_run() afterwards. */
void weir__team_run_alone(weir__team *team, weir__team_body *body, void *argument);

/* Tries whether there would be threads for a run on a host thread that has had none, and `own`
 * more. WEIR_OK, WEIR_ESYS or WEIR_ENOMEM. */
weir_status weir__team_try(const weir__team *team, unsigned own) WEIR_MUST_CHECK;
/* The calling thread's first run need not try that, since whoever made the thread has. */
void weir__team_note_tried(const weir__team *team);

/* Binds the calling thread of the run, if it is not bound yet. A thread that is on its core already
 * when the run begins is left as it is until then: a run that is over soon, or that never has work
 * for others, is spared three system calls.
 * Threads: worker 0, before it first makes a task or shares its work otherwise. */
void weir__team_bind_caller(weir__team *team);

#endif
