/* Tests short runs that ops start on their own engine, and of which nothing can be handed out: who waits for
 * one helps with what is nested in it, and a stop that one has seen reaches the run around.
 *
 * Run by ctest.  Ops never assert: they note what they saw. */
#include "support.h"

#include <time.h>

enum { PATIENCE = 5000 }; /* a worker may have to wait for a core: tenths of a millisecond */

static void pause_briefly(void)
{
    const struct timespec t = {0, 100000};
    nanosleep(&t, NULL);
}

static int do_nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

/* An op waits for a run of two leaves; one of them has an op that has an op start a run of two more. */
typedef struct within {
    weir_engine *engine;
    weir_plan *pair, *one, *last;
    atomic_uint begun, at_once;
    atomic_bool both; /* of the innermost were under way at once */
} within;

static int wait_for_the_other(weir_branch *b, const void *in, void *out)
{
    within *w = weir_context(b);
    (void)in, (void)out;
    if (atomic_fetch_add(&w->at_once, 1) == 1)
        atomic_store(&w->both, true);
    for (int i = 0; i < PATIENCE && !atomic_load(&w->both); i++)
        pause_briefly();
    atomic_fetch_sub(&w->at_once, 1);
    return 0;
}

static int start_last(weir_branch *b, const void *in, void *out)
{
    within *w = weir_context(b);
    (void)in, (void)out;
    return weir_run(w->engine, w->last, w, NULL, NULL);
}

/* The first of the two begins on the worker that waits for both, and is over once the other has begun. */
static int be_one_of_the_pair(weir_branch *b, const void *in, void *out)
{
    within *w = weir_context(b);
    (void)in, (void)out;
    if (atomic_fetch_add(&w->begun, 1) > 0)
        return weir_run(w->engine, w->one, w, NULL, NULL);
    for (int i = 0; i < PATIENCE && atomic_load(&w->begun) < 2; i++)
        pause_briefly();
    return 0;
}

static int start_pair(weir_branch *b, const void *in, void *out)
{
    within *w = weir_context(b);
    (void)in, (void)out;
    return weir_run(w->engine, w->pair, w, NULL, NULL);
}

static weir_plan *compile_two(int (*op)(weir_branch *, const void *, void *))
{
    const weir_layer leaf = {.name = "leaf", .leaf = op};
    const weir_layer two = {.name = "two",
                            .fanout = 2,
                            .split = split_nothing,
                            .gather = gather_nothing,
                            .child = &leaf};
    return compile(&two);
}

static void a_worker_that_waits_helps_a_run_within_one_that_shares_nothing(void **state)
{
    const weir_layer one = {.name = "one", .leaf = start_last};
    const weir_layer starter = {.name = "starter", .leaf = start_pair};
    (void)state;
    within w = {.engine = open_engine(2, 0, 0),
                .pair = compile_two(be_one_of_the_pair),
                .one = compile(&one),
                .last = compile_two(wait_for_the_other)};
    weir_plan *plan = compile(&starter);
    assert_ok(weir_run(w.engine, plan, &w, NULL, NULL));
    assert_true(atomic_load(&w.both));
    weir_plan_free(plan);
    weir_plan_free(w.pair);
    weir_plan_free(w.one);
    weir_plan_free(w.last);
    weir_engine_close(w.engine);
}

/* ---- their ends ---- */

typedef struct ends {
    weir_engine *engine;
    weir_plan *inner;
    bool outside; /* the stop comes from the op, before it starts the run */
    atomic_uint ran;
} ends;

static int cancel(weir_branch *b, const void *in, void *out)
{
    (void)in, (void)out;
    weir_engine_cancel(((const ends *)weir_context(b))->engine);
    return 0;
}

/* By itself, or in the run that it starts; and goes on as if nothing had happened. */
static int stop_the_run_around(weir_branch *b, const void *in, void *out)
{
    ends *e = weir_context(b);
    (void)in, (void)out;
    atomic_fetch_add(&e->ran, 1);
    if (e->outside)
        weir_engine_cancel(e->engine);
    (void)!weir_run(e->engine, e->inner, e, NULL, NULL);
    return 0;
}

static void a_stop_that_a_short_run_has_seen_stops_the_run_around_at_once(void **state)
{
    const weir_layer inner[] = {{.name = "cancels", .leaf = cancel},
                                {.name = "nothing", .leaf = do_nothing}};
    const weir_layer leaf = {.name = "leaf", .leaf = stop_the_run_around};
    const weir_layer top = {.name = "top",
                            .fanout = 20,
                            .split = split_nothing,
                            .gather = gather_nothing,
                            .child = &leaf};
    (void)state;
    weir_plan *plan = compile(&top);
    for (unsigned workers = 1; workers <= 3; workers++)
        for (int i = 0; i < 2; i++) {
            ends e = {.engine = open_engine(workers, 0, 0),
                      .inner = compile(&inner[i]),
                      .outside = i == 1};
            assert_int_equal(weir_run(e.engine, plan, &e, NULL, NULL), WEIR_ECANCEL);
            assert_true(atomic_load(&e.ran) <= workers);
            weir_plan_free(e.inner);
            weir_engine_close(e.engine);
        }
    weir_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_waits_helps_a_run_within_one_that_shares_nothing),
        cmocka_unit_test(a_stop_that_a_short_run_has_seen_stops_the_run_around_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
