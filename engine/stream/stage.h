/* A stage: claims calls, makes them, and settles what they yield.
 *
 * build.c makes stages, open.c gives them memory, work.c offers them to workers, pull.c feeds inlets
 * and empties the last rings.  stage.c claims and ends, call.c makes the calls.  A stage must never
 * take an input before it has claimed room for all that the call may yield, nor run more than `jobs`
 * calls at once.
 *
 * Who may call what at the same time: begin and make, any number of workers, each with its own
 * calls; peek, anybody. Claims are under the stage's lock; the calls themselves are not.
 * Progress: a lock, held for claiming and settling a batch of calls. */
#ifndef WEIR_STAGE_H
#define WEIR_STAGE_H

#include <pthread.h>

#include "base/atomics.h"
#include "base/base.h"
#include "sched/grain.h"
#include "sched/run.h"
#include "stream/ring.h"
#include "weir/stream.h"

typedef enum weir__stage_kind {
    WEIR_STAGE_SOURCE,
    WEIR_STAGE_INLET,
    WEIR_STAGE_WORK
} weir__stage_kind;

struct weir__stage;

/* What one call needs; weir_yielder is the public name. One for each call that can be under way, used by
 * one worker at a time. */
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

/* What has become of a stage: bits that are set once and stay.
 *
 *   bit         set by                                                    on
 *   OVER        the call that returned a source's end                     its stage
 *               a claim that finds the inputs at their end                its stage, locked
 *               weir_push_end()                                           its inlet
 *   OVER and    a call that failed, or finds the stream cancelled         its stage, locked
 *   FAILING     a claim that finds an input failed                        its stage, locked
 *               a look at a source or an inlet that finds the stream
 *               failed, with no failure on its way to `last`              that stage, locked
 *   UNWANTED    a stage that ends by its inputs, or fails                 all upstream of it
 *               weir_stream_close()                                       all
 *   FAILS_HERE  a call that failed, before it reports that                its stage's `last`
 *
 *   state              calls                   the ring
 *   none of them       begin                   grows
 *   UNWANTED           none begin; those that  grows by holes; what comes of it is not looked at
 *                      are claimed are dropped
 *   OVER               none begin, running     ends at its tail once no call is running; an inlet's by
 *                      ones are made           weir_push_end()
 *   OVER and FAILING   the same                fails where the failure is in the order of items, if
 *                                              that is known, else at its tail once no call is running
 *
 * So a call that is running may still add FAILING to OVER, until the last one has settled. */
enum {
    WEIR_STAGE_OVER = 1,       /* no call will begin any more */
    WEIR_STAGE_FAILING = 2,    /* … since the stream failed in this stage or upstream of it */
    WEIR_STAGE_UNWANTED = 4,   /* nobody will take what it would yield */
    WEIR_STAGE_FAILS_HERE = 8, /* of a last stage: a failure is on its way down to it */
};

/* Invariant (weir__stage_is_valid), from open to close, under the lock:
 *   jobs that are free or running are `jobs` together, which are at most o.jobs; in an inlet 0;
 *   the grain of batches is valid;  1 <= o.max_yield <= o.buffer == ring.capacity;
 *   kind is WORK <=> there are inputs;  these are taken, and have the same `last`;
 *   `last` is the stage itself <=> it is not taken;
 *   FAILING => OVER;  no call is running => nothing is reserved;
 *   after begin and make: OVER and no call is running => the ring ended or failed, but for an inlet. */
typedef struct weir__stage {
    /* Read-only after the start. */
    weir__run *run; /* the stream's */
    unsigned jobs;  /* calls that can be under way: at most o.jobs, and one for each worker */
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
    char *job_records;        /* open.c says what is in there */

    weir__ring ring; /* of what it yields */

    /* Under the lock; `running` is read without it as a hint. */
    alignas(WEIR_LINE) pthread_mutex_t lock;
    weir_yielder *free_yielders;
    atomic_uint running;
    unsigned next_input; /* where merge looks first */
    weir__grain batch;   /* calls that are worth one claim */

    atomic_uint state; /* WEIR_STAGE_…, set by anybody, as the table says */
} weir__stage;

static_assert(!WEIR_SAME_LINE(weir__stage, ring, lock) &&
                  !WEIR_SAME_LINE(weir__stage, job_records, lock),
              "what is written under the lock has its own line");

/* Is one of these bits set? A hint where it is not this thread that sets it. */
static inline bool weir__stage_is(const weir__stage *stage, unsigned bits)
{
    return (load_relaxed(&stage->state) & bits) != 0;
}

/* Does the invariant hold? For asserts and tests. Under the stage's lock. */
bool weir__stage_is_valid(const weir__stage *stage);

/* Bytes that a stage holds from open to close, its record included. */
uint64_t weir__stage_bytes(const weir__stage *stage);
/* Its ring and its jobs, before the stream starts. Those downstream are open already. False: no
 * memory; it may be closed all the same. */
bool weir__stage_open(weir__stage *stage) WEIR_MUST_CHECK;
void weir__stage_close(weir__stage *stage);

/* Claims a batch of calls, if one can begin: *y and how many; 0 if none can. *progressed is true if
 * anything came of it, calls or an end. */
uint32_t weir__stage_begin(weir__stage *stage, weir_yielder **y, bool *progressed) WEIR_MUST_CHECK;
/* Makes the claimed calls, and gives the job back. Returns how many were made: fewer than n only if the
 * stream ends, fails or is cancelled there. */
uint32_t weir__stage_make(weir__stage *stage, weir_yielder *y, uint32_t n);
/* The same for make: the others' inputs are dropped, and each position is settled. */
uint32_t weir__stage_call(weir_yielder *y, uint32_t n);

/* True if begin might do something: a hint that errs only for a moment. */
bool weir__stage_peek(const weir__stage *stage);

/* What keeps a stage with inputs for a call from making one; a hint as well. */
typedef enum weir__lack { WEIR_LACK_NOTHING, WEIR_LACK_JOB, WEIR_LACK_ROOM } weir__lack;
weir__lack weir__stage_lack(const weir__stage *stage);

/* The stream fails at this stage: no more calls here, nor upstream of it; the ring fails at
 * `position`, or where its calls end. Under the stage's lock. */
void weir__stage_fail(weir__stage *stage, uint64_t position);

/* Destroys an item that nobody will take. */
static inline void weir__stage_drop(const weir__stage *stage, void *item)
{
    if (stage->o.destroy != NULL)
        stage->o.destroy(stage->o.state, item);
}

#endif
