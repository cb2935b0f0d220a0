/* What the models share: how their threads are started, and in how many rounds.
 *
 * A model drives the engine's own sources by a few threads and asserts what must hold of every
 * execution.  Each program of tests/model/ includes this header first, and defines
 *
 *   static void model_thread(unsigned me)  what thread `me` of a round does, and
 *   static void model_round(void)          one round: sets up, calls model_run(), and asserts.
 *
 * main() is here.  A model is built in two ways:
 *
 * - as a test (ctest): some thousand rounds with seeded delays, linked with the engine's test build;
 * - with MODEL_CHECKED: a checker explores all executions of one round (README.md), and the sources
 *   of the engine are part of the model.  Then the stand-ins below take the place of the clock, of
 *   futexes, and of records of which only the size is of interest.
 *
 * A model must never have a loop that goes on without news from another thread. */
#ifndef WEIR_MODEL_H
#define WEIR_MODEL_H

#undef NDEBUG /* it asserts in every build */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_MOST_THREADS = 4 };

static bool model_odd; /* true in every other round, for models of two cases */

#if defined(MODEL_CHECKED)

#include <sys/types.h>
#include <time.h>

/* An error that is one word: the texts have no bytes here. */
#define WEIR_STATUS_H
#define WEIR_API
typedef enum weir_status {
    WEIR_OK = 0,
    WEIR_END = 1,
    WEIR_ENOMEM = -2,
    WEIR_EBUDGET = -3,
    WEIR_EOP = -4,
    WEIR_ECANCEL = -5,
    WEIR_ESYS = -6,
    WEIR_EBUSY = -8
} weir_status;
typedef struct weir_error {
    weir_status status;
    char where[0], text[0];
} weir_error;

#define __builtin_ia32_pause() ((void)0)

/* No time passes. The engine's own function has a record on its stack, whose end a checker sees as
 * that of the next one in the same place. */
#define weir__now_ns weir__now_ns_of_the_system
#include "base/base.h"
#undef weir__now_ns
static inline uint64_t weir__now_ns(void)
{
    return 0;
}

int sched_yield(void)
{
    return 0;
}

#include "sched/bell.h"

void __VERIFIER_loop_begin(void);
void __VERIFIER_spin_start(void);
void __VERIFIER_spin_end(bool go_on);

/* Stays here until it is rung, which is what a checker of liveness reports: as GenMC annotates loops by
 * itself, but for those around it, which look alike to it. */
void weir__bell_wait(weir__bell *bell, unsigned read, uint64_t deadline_ns)
{
    (void)deadline_ns;
    __VERIFIER_loop_begin();
    __VERIFIER_spin_start();
    __VERIFIER_spin_end(load_acquire(&bell->rung) != read);
}

void weir__bell_ring(weir__bell *bell)
{
    add_release(&bell->rung, 1); /* as in bell.c */
}

/* A condition is a bell: nobody wakes up without cause. */
#define pthread_cond_t         weir__bell
#define pthread_cond_init      model_cond_init
#define pthread_cond_destroy   model_cond_destroy
#define pthread_cond_wait      model_cond_wait
#define pthread_cond_broadcast model_cond_broadcast

static inline void model_cond_init(weir__bell *changed, const void *attributes)
{
    (void)changed, (void)attributes;
}

static inline void model_cond_destroy(weir__bell *changed)
{
    (void)changed;
}

static inline void model_cond_wait(weir__bell *changed, pthread_mutex_t *lock)
{
    const unsigned read = weir__bell_read(changed);
    pthread_mutex_unlock(lock);
    weir__bell_wait(changed, read, UINT64_MAX);
    pthread_mutex_lock(lock);
}

static inline void model_cond_broadcast(weir__bell *changed)
{
    weir__bell_ring(changed);
}

static inline unsigned model_rounds(void)
{
    return 1;
}

static inline void model_seed(unsigned round)
{
    (void)round;
}

static inline void model_enter(void)
{
}

static inline void model_expect(unsigned threads)
{
    (void)threads;
}

#else

#include <sched.h>
#include <stdlib.h>

#include "base/atomics.h"
#include "base/testing.h"

static atomic_uint model_missing; /* threads that are still to come */

/* WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED make it longer, or repeat one. */
static inline unsigned model_rounds(void)
{
    const char *rounds = getenv("WEIR_STRESS_ROUNDS");
    return rounds != NULL ? (unsigned)strtoul(rounds, NULL, 10) : 3000;
}

static inline void model_seed(unsigned round)
{
    const char *seed = getenv("WEIR_STRESS_SEED");
    weir__testing_seed((seed != NULL ? strtoull(seed, NULL, 10) : 1) + round);
}

static inline void model_expect(unsigned threads)
{
    store_relaxed(&model_missing, threads);
}

/* All threads begin at once, and each a little later than that. */
static inline void model_enter(void)
{
    sub_relaxed(&model_missing, 1);
    while (load_relaxed(&model_missing) > 0)
        sched_yield();
    weir__testing_yield_point();
}

#endif

/* ---- the threads ---- */

static void model_thread(unsigned me);
static void model_round(void);

static inline void *model_start(void *me)
{
    model_enter();
    model_thread((unsigned)(size_t)me);
    return NULL;
}

/* So many threads begin together, numbered from 0, and end. */
static inline void model_run(unsigned threads)
{
    pthread_t thread[MODEL_MOST_THREADS];
    model_expect(threads);
    for (size_t i = 0; i < threads; i++) {
        const int failed = pthread_create(&thread[i], NULL, model_start, (void *)i);
        assert(failed == 0);
        (void)failed;
    }
    for (size_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
}

int main(void)
{
    for (unsigned round = 0; round < model_rounds(); round++) {
        model_seed(round);
        model_odd = round % 2 != 0;
        model_round();
    }
    return 0;
}

#endif
