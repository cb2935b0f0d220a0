/* Alone: whether a root run begins on its caller alone, and when it calls its team after all.
 *
 * The team's threads are woken when its region opens, and waited for when it ends.  A run that is
 * over in a few microseconds pays more for that than it gains; and where other processes want the
 * cores, so does one of some tens of microseconds, since it may wait for a time slice of theirs.
 * Nobody knows beforehand how long a run takes, so this is learnt for runs of one kind (a plan's):
 * what the team has cost them in vain.  A kind of run asks before it begins, and says afterwards
 * what came of it.  This must never decide by one run alone, and never touch a thread.
 *
 * Losses are bounded: a run that is alone for too long leaves a debt of as much, and runs of its
 * kind have the team until that has cost so much in vain.  So the sum of what is lost by being
 * alone exceeds what is saved by it by one run at most.
 *
 * Who may call what at the same time: all is free. The numbers are hints, and two runs of one kind
 * on two engines may each lose what the other has learnt. */
#ifndef WEIR_ALONE_H
#define WEIR_ALONE_H

#include "base/atomics.h"
#include "base/base.h"

/* What was learnt of runs of one kind. All 0: nothing.
 * Invariant: vain_ns <= WEIR_VAIN_MOST_NS. */
typedef struct weir__alone {
    /* What the team has cost in vain, less what it has gained; below 0 there is a debt. */
    alignas(WEIR_LINE) atomic_int_least64_t vain_ns;
    atomic_uint_least64_t spell_ns; /* of running alone that is left; 0: runs have the team */
    atomic_uint_least64_t work_ns;  /* what one worker takes for such a run, about; 0: not known */
    uint64_t most_ns; /* of that in a run which may begin alone; 0: WEIR_ALONE_WORK_NS */
} weir__alone;

/* How long the next run may be alone, for a weir__stint; 0: it begins with its team. */
uint64_t weir__alone_limit_ns(const weir__alone *alone) WEIR_MUST_CHECK;

/* What was learnt does not hold for the next runs, which take one worker a known time of up to most_ns, where
 * they begin alone. Threads: no such run is under way. */
void weir__alone_begin(weir__alone *alone, uint64_t most_ns);

/* A run that began with its team took wall_ns; busy_ns is the time of all workers in items. */
void weir__alone_learn_team(weir__alone *alone, uint64_t wall_ns, uint64_t busy_ns);
/* One that began alone was over in time, and took so long. */
void weir__alone_learn_alone(weir__alone *alone, uint64_t took_ns);
/* One that began alone was not; the team would have had a share in so much of its time. */
void weir__alone_learn_late(weir__alone *alone, uint64_t shared_ns);

/* The time of a run that is alone. Its longest piece between two looks does not count: that is one
 * op, which no team could have divided, or else the system has had the core meanwhile. */
typedef struct weir__stint {
    uint64_t limit_ns; /* 0: the run is not alone */
    uint64_t began_ns, looked_at_ns, longest_ns;
} weir__stint;

static inline bool weir__stint_is_under_way(const weir__stint *stint)
{
    return stint->limit_ns > 0;
}

/* It may, and then the run calls its team; else the run is alone to its end, for want of threads. */
static inline bool weir__stint_may_end(const weir__stint *stint)
{
    return weir__stint_is_under_way(stint) && stint->limit_ns < UINT64_MAX;
}

static inline void weir__stint_begin(weir__stint *stint, uint64_t limit_ns, uint64_t now_ns)
{
    WEIR_ASSERT(limit_ns > 0);
    *stint = (weir__stint){.limit_ns = limit_ns, .began_ns = now_ns, .looked_at_ns = now_ns};
}

static inline void weir__stint_look(weir__stint *stint, uint64_t now_ns)
{
    const uint64_t piece = now_ns - stint->looked_at_ns;
    WEIR_ASSERT(now_ns >= stint->looked_at_ns && weir__stint_is_under_way(stint));
    stint->looked_at_ns = now_ns;
    if (piece > stint->longest_ns)
        stint->longest_ns = piece;
}

/* Until the last look. */
static inline uint64_t weir__stint_took_ns(const weir__stint *stint)
{
    return stint->looked_at_ns - stint->began_ns;
}

static inline uint64_t weir__stint_shared_ns(const weir__stint *stint)
{
    return weir__stint_took_ns(stint) - stint->longest_ns;
}

static inline bool weir__stint_is_late(const weir__stint *stint)
{
    return weir__stint_shared_ns(stint) > stint->limit_ns;
}

#endif
