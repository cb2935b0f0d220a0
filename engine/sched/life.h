/* The life of a run, as each kind of run leads it: open, begin, run, end, close.
 *
 * On a thread that is no worker of the engine the run is a root run: it takes the engine, its team runs
 * the first item, and it leaves statistics.  Where the engine has a region of its own, it joins that
 * (host.h).  In an op of a run on the same engine it is nested: the worker runs the first item, others
 * may help.  A kind of run says what it needs, makes the first item
 * in the memory that it is given, and is otherwise told of no difference.
 *
 *   weir__life life __attribute__((cleanup(weir__life_close))) = {0};
 *   weir_status status = weir__life_open(&life, engine);
 *   if (status == WEIR_OK)
 *       status = weir__life_begin(&life, &need);
 *   if (status != WEIR_OK)
 *       return status;
 *   … make an item in life.root …
 *   return weir__life_run(&life, item);
 *
 * A run must never leave a permit, a byte or the engine behind, so whoever opens one closes it, also
 * where an op's exception goes through.
 *
 * Threads: the one that opens it, but for weir__life_share(). */
#ifndef WEIR_LIFE_H
#define WEIR_LIFE_H

#include "base/base.h"
#include "sched/host.h"
#include "sched/tuning.h"

/* Invariant (weir__life_is_valid):
 *   run is NULL => nothing is held: not begun, no root, no bytes reserved;  else
 *   begun <=> the run is under way, and then worker is its starter, NULL in a root run;
 *   root => begun;  chores => hosted;  hosted => worker is NULL;
 *   workers >= 1, and with one max_in_flight is 0;  the engine's account holds reserved_bytes. */
typedef struct weir__life {
    weir__run *run;             /* NULL: none is open */
    weir__worker *worker;       /* in whose op it is nested; NULL: it is a root run */
    weir__run *around;          /* the run of that op */
    unsigned workers;           /* that it may come to have, */
    size_t max_in_flight;       /* and parts for others at a time; 0 with one worker */
    bool hosted;                /* it is a root in the engine's own region, */
    const weir__chores *chores; /* with chores, which workers try; or NULL: all work is in items */
    unsigned epoch;             /* cancels of the engine before it was opened */
    bool begun;                 /* and not ended */
    void *root;                 /* the first item's memory, until it ends; NULL: it has none */
    uint64_t root_declared;     /* bytes declared with that */
    uint64_t reserved_bytes;    /* of the engine's */
    uint64_t began_ns;          /* when it was opened */
    weir__item *item;   /* the first, or what is left of it when the team comes; NULL: none */
    weir__alone *alone; /* what was learnt of such runs; NULL: its team comes at once */
    unsigned spared;    /* workers that it has not called, itself included; 0: it has */
} weir__life;

/* Does the invariant hold? For asserts and tests. Threads: the one that opened it. */
bool weir__life_is_valid(const weir__life *life);

/* What a run needs whose items have their memory from its window. */
typedef struct weir__need {
    weir__limits limits;    /* without a parent */
    uint64_t least_bytes;   /* what one worker alone needs */
    uint64_t root_bytes;    /* of the first item, */
    uint64_t root_declared; /* and what its ops declare beside that */
    const char *what;       /* that needs it, in the text of WEIR_EBUDGET */
    weir__alone *alone;     /* learns of such runs; NULL: none may begin alone */
} weir__need;

/* What the op around a nested run has declared for such; 0: nothing. */
uint64_t weir__life_declared(const weir__life *life) WEIR_MUST_CHECK;

/* Opens a run: nested where the calling thread is a worker of the engine, else a root run.
 * WEIR_OK, WEIR_EBUSY, WEIR_ESYS (weir__engine_acquire()) or WEIR_ENOMEM. */
weir_status weir__life_open(weir__life *life, weir_engine *engine) WEIR_MUST_CHECK;
/* The run begins, with no more than max_bytes leaves; life->root is the first item's memory, or
 * NULL, where need->root_bytes is 0.
 * WEIR_OK, WEIR_EBUDGET or WEIR_ENOMEM. */
weir_status weir__life_begin(weir__life *life, const weir__need *need) WEIR_MUST_CHECK;
/* A root without a block has begun: its declared bytes are the caller's from now on, who gives them back to
 * the engine's account. What the run's own account says is what others book there. */
void weir__life_hand_over(weir__life *life);
/* Runs the item, and then all others that come out of it, one of which calls weir__run_finish();
 * and ends the run. WEIR_OK, or what it failed with.
 *
 * Where life->alone is given, the first item may begin alone: while run->stint is under way it
 * hands nothing out, and looks from time to time whether the stint is late and it has work for
 * others. Then it returns what is to go on, its work still to be done; else NULL, once the run is
 * finished. */
weir_status weir__life_run(weir__life *life, weir__item *item) WEIR_MUST_CHECK;

/* A root run of chores instead: one that is in the engine's own region until it is closed.
 * WEIR_OK; WEIR_EBUSY: there is one already, or else as weir__engine_acquire(). */
weir_status weir__life_open_chores(weir__life *life, weir_engine *engine,
                                   weir__chores *chores) WEIR_MUST_CHECK;
/* Reserves bytes of max_bytes until close; false: they are not there. */
bool weir__life_reserve(weir__life *life, uint64_t bytes) WEIR_MUST_CHECK;
/* It begins, and the workers may do chores. WEIR_OK, WEIR_ESYS or WEIR_ENOMEM: there are no threads. */
weir_status weir__life_begin_chores(weir__life *life) WEIR_MUST_CHECK;
/* Waits for the workers' calls, and ends it: WEIR_OK, or what it failed with. */
weir_status weir__life_end_chores(weir__life *life) WEIR_MUST_CHECK;

/* Ends the run, if nobody has, and gives back what it had. */
void weir__life_close(weir__life *life);

/* May one more item be made of the run's work? Workers without work are served at once; one item is
 * queued ahead, but only out of plenty. Threads: the worker's. */
bool weir__life_may_share(const weir__run *run, const weir__worker *worker) WEIR_MUST_CHECK;
/* Hands out an item that was made of a run's work. Threads: the worker's, whose box has room. */
void weir__life_share(weir__worker *worker, weir__item *item);

/* How many polls go by a request from now on, after one was handled and nothing could be handed out:
 * twice as many as before while polls fire fast, half as many once they fire slowly.  So the ops that turn
 * out to take a second each, before the next request is handled, can only be as many as those of the same
 * kind that took next to nothing just before. */
static inline uint32_t weir__life_skip_polls(uint32_t skip, uint64_t since_fired_ns)
{
    static_assert((WEIR_PASS_MOST & (WEIR_PASS_MOST + 1)) == 0, "so it does not pass it by");
    WEIR_ASSERT(skip <= WEIR_PASS_MOST);
    if (since_fired_ns > WEIR_PASS_NS)
        return skip / 2;
    return skip < WEIR_PASS_MOST ? 2 * skip + 1 : skip;
}

#endif
