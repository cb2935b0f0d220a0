/* Tests that the statistics say why workers had nothing to do, and the budget at which two have.
 *
 * Run by ctest. Leaves sleep, so that there is work for everybody however loaded the machine is. */
#include "support.h"

#include <time.h>

enum { LEAVES = 60, LEAF_NS = 1000000 };

typedef struct counts {
    long leaf_ns;
    atomic_int at_once, most;
} counts;

static int sleeping_leaf(weir_branch *b, const void *in, void *out)
{
    counts *c = weir_context(b);
    const struct timespec t = {0, c->leaf_ns};
    const int now = atomic_fetch_add(&c->at_once, 1) + 1;
    int most = atomic_load(&c->most);
    (void)in, (void)out;
    while (most < now && !atomic_compare_exchange_weak(&c->most, &most, now))
        ;
    nanosleep(&t, NULL);
    atomic_fetch_sub(&c->at_once, 1);
    return 0;
}

static const weir_layer leaf = {
    .name = "leaf", .in_bytes = 100, .out_bytes = 10, .leaf = sleeping_leaf};
static const weir_layer top = {.name = "top",
                               .fanout = LEAVES,
                               .scratch_bytes = 1000,
                               .held_bytes = 500,
                               .child = &leaf,
                               .split = split_nothing,
                               .gather = gather_nothing};

/* Runs it, with leaves that take so long; returns how many ran at once. */
static int run_list_for(long leaf_ns, unsigned workers, size_t max_in_flight, size_t max_bytes,
                        weir_stats *stats)
{
    weir_engine *engine = open_engine(workers, max_in_flight, max_bytes);
    weir_plan *plan = compile(&top);
    counts c = {.leaf_ns = leaf_ns};
    assert_ok(weir_run(engine, plan, &c, NULL, NULL));
    assert_stats_hold(engine, plan, false);
    weir_engine_stats(engine, stats);
    weir_plan_free(plan);
    weir_engine_close(engine);
    return atomic_load(&c.most);
}

static int run_list(unsigned workers, size_t max_in_flight, size_t max_bytes, weir_stats *stats)
{
    return run_list_for(LEAF_NS, workers, max_in_flight, max_bytes, stats);
}

/* The system may let the second worker wait for long, so leaves take longer until it is there. */
static void two_workers_are_busy_from_the_certificate_of_one_part_on_and_not_below(void **state)
{
    weir_plan *plan = compile(&top);
    const size_t two = (size_t)weir_plan_certified_bytes(plan, 1, 2);
    weir_stats s;
    (void)state;
    assert_true(two > weir_plan_serial_bytes(plan));
    long ns = LEAF_NS;
    int most;
    while ((most = run_list_for(ns, 2, 0, two, &s)) < 2 && ns < 200 * LEAF_NS)
        ns *= 2;
    assert_int_equal(most, 2);
    assert_true(s.promotions > 0);
    assert_int_equal(run_list(2, 0, two - 1, &s), 1);
    assert_true(s.promotions == 0 && s.denied_bytes > 0);
    assert_true(s.denied_permits == 0);
    weir_plan_free(plan);
}

static void permits_that_are_missing_are_counted(void **state)
{
    weir_stats s;
    (void)state;
    assert_in_range(run_list(4, 1, 0, &s), 1, 2); /* the root's worker, and one part */
    assert_true(s.denied_permits > 0);
    assert_true(s.denied_bytes == 0);
}

/* One leaf at a time for want of bytes: the other worker does nothing but wait. */
static void the_time_without_work_is_that_of_the_workers_which_had_none(void **state)
{
    weir_stats s;
    weir_plan *plan = compile(&top);
    (void)state;
    (void)run_list(2, 0, (size_t)weir_plan_serial_bytes(plan), &s);
    assert_true((double)s.idle_ns >= (double)LEAF_NS * (int)LEAVES); /* that one slept longer */
    assert_true((double)s.idle_ns <= 1e9 * s.seconds * 2 - (double)LEAF_NS * (int)LEAVES);
    (void)run_list(1, 0, 0, &s);
    assert_true(s.idle_ns == 0 && s.denied_bytes == 0 && s.denied_permits == 0);
    weir_plan_free(plan);
}

/* A leaf that runs itself so often, each time in an op of the run before, and then takes a while. */
typedef struct well {
    weir_engine *engine;
    weir_plan *plan;
    unsigned left;
} well;

static int go_down(weir_branch *b, const void *in, void *out)
{
    well *w = weir_context(b);
    const struct timespec pause = {0, 10 * LEAF_NS};
    (void)in, (void)out;
    if (w->left-- > 0)
        return weir_run(w->engine, w->plan, w, NULL, NULL);
    nanosleep(&pause, NULL);
    return 0;
}

static void time_in_nested_runs_counts_once_however_deep(void **state)
{
    const weir_layer bottom = {.name = "well", .leaf = go_down};
    weir_engine *engine = open_engine(2, 0, 0);
    weir_plan *plan = compile(&bottom);
    (void)state;
    for (unsigned deep = 0; deep < 5; deep++) {
        well w = {.engine = engine, .plan = plan, .left = deep};
        weir_stats s;
        assert_ok(weir_run(engine, plan, &w, NULL, NULL));
        weir_engine_stats(engine, &s);
        if (s.workers < 2)
            continue;
        const double ns = 1e9 * s.seconds, idle_ns = (double)s.idle_ns;
        assert_true(idle_ns >= 0.999 * ns); /* one worker had nothing to do */
        assert_true(idle_ns <= 2 * ns - 10 * (double)LEAF_NS);
    }
    weir_plan_free(plan);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_workers_are_busy_from_the_certificate_of_one_part_on_and_not_below),
        cmocka_unit_test(permits_that_are_missing_are_counted),
        cmocka_unit_test(the_time_without_work_is_that_of_the_workers_which_had_none),
        cmocka_unit_test(time_in_nested_runs_counts_once_however_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
