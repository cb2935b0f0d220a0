/* A stage: claims calls, makes them, and settles what they yield.
 *
 * build.c makes stages, work.c offers them to workers, pull.c feeds inlets and empties the last
 * rings.  A stage must never take an input before it has claimed room for all that the call may
 * yield, nor run more than `jobs` calls at once.
 *
 * Who may call what at the same time: begin and make, any number of workers, each with its own
 * calls; glance, anybody. Claims are under the stage's lock; the calls themselves are not.
 * Progress: a lock, held for claiming and settling a batch of calls. */
#ifndef WEIR_STAGE_H
#define WEIR_STAGE_H

#include <pthread.h>

#include "base/base.h"
#include "sched/engine.h"
#include "sched/grain.h"
#include "stream/ring.h"
#include "weir/stream.h"

typedef enum weir__stage_kind {
    WEIR_STAGE_SOURCE,
    WEIR_STAGE_INLET,
    WEIR_STAGE_WORK
} weir__stage_kind;

struct weir__stage;

/* What one call needs; weir_yielder is the public name. One for each job, used by one worker at a
 * time. */
struct weir_yielder {
    struct weir__stage *stage;
    struct weir_yielder *next_free;
    char *inputs;       /* of the claimed calls: records of all inputs, call after call */
    const void **items; /* of the current call */
    unsigned *origins;  /* of each claimed call with WEIR_MERGE: its input */
    unsigned job;
    unsigned yielded;  /* by the current call */
    int fault;         /* weir_yield() was called wrongly: WEIR_EINVAL */
    bool timed;        /* the claimed calls are to be */
    weir__position at; /* of the current call's first position, if the stage is ordered */
};

typedef struct weir__stage {
    /* Read-only after the start. */
    weir_engine *engine;
    weir__stage_kind kind;
    weir_stage_options o; /* name is the stage's own copy; max_yield is at least 1 */
    int (*next)(void *state, void *item);
    int (*work)(void *state, const void *const *items, weir_yielder *y);
    unsigned inputs;
    struct weir__stage **input;
    size_t *input_offset;     /* of each input's record in a call's inputs */
    size_t call_bytes;        /* one call's inputs */
    bool taken;               /* another stage takes its items */
    struct weir__stage *last; /* where what becomes of its items is pulled */
    weir_yielder *yielders;

    weir__ring ring; /* of what it yields */

    /* Under the lock; `running` and `over` are read without it as hints. */
    alignas(WEIR_LINE) pthread_mutex_t lock;
    weir_yielder *free_yielders;
    atomic_uint running;
    atomic_bool over;    /* no call will begin any more */
    bool failing;        /* … since the stream failed above this stage or in it */
    unsigned next_input; /* where merge looks first */
    weir__grain batch;   /* calls that are worth one claim */

    atomic_bool stopped;    /* nobody will take what it would yield */
    atomic_bool fails_here; /* of a last stage: a failure is on its way down to it */
} weir__stage;

/* Claims a batch of calls, if one can begin: *y and how many; 0 if none can. *moved is true if
 * anything came of it, calls or an end. */
uint32_t weir__stage_begin(weir__stage *stage, weir_yielder **y, bool *moved) WEIR_MUST_CHECK;
/* Makes the claimed calls, and gives the job back. Returns how many were made: fewer than n only if the
 * stream ends, fails or is cancelled there. */
uint32_t weir__stage_make(weir__stage *stage, weir_yielder *y, uint32_t n);

/* True if begin might do something: a hint that errs only for a moment. */
bool weir__stage_glance(const weir__stage *stage);

/* What keeps a stage with inputs for a call from making one; a hint as well. */
typedef enum weir__lack { WEIR_LACK_NOTHING, WEIR_LACK_JOB, WEIR_LACK_ROOM } weir__lack;
weir__lack weir__stage_lack(const weir__stage *stage);

/* The stream fails at this stage: no more calls here, nor in the stages above it; the ring fails at
 * `position`, or where its calls end. Under the stage's lock. */
void weir__stage_fail(weir__stage *stage, uint64_t position);

/* Destroys an item that nobody will take. */
static inline void weir__stage_drop(const weir__stage *stage, void *item)
{
    if (stage->o.destroy != NULL)
        stage->o.destroy(stage->o.state, item);
}

#endif
