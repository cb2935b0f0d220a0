/* Tests runs that ops start on their own engine: answers, help, failures, cancels, three levels deep.
 *
 * Run by ctest.  Ops never assert: they note what they saw. */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { LEAVES = 40, OPS = 64 };

static void sleep_ms(long ms)
{
    const struct timespec t = {0, ms * 1000000};
    nanosleep(&t, NULL);
}

/* ---- answers ---- */

/* A leaf that sums the squares below its input by a run of its own, `deep` times over. */
typedef struct nest {
    weir_engine *engine;
    weir_plan *plan;
    int deep;
    atomic_int wrong;
} nest;

typedef struct query {
    uint64_t n;
    int level;
} query;

static int split_query(weir_branch *b, const void *in, uint32_t i, void *child)
{
    const query *q = in;
    (void)b;
    *(query *)child = (query){.n = q->n + i, .level = q->level};
    return 0;
}

static int sum_up(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint64_t *r = results;
    uint64_t sum = ((const query *)in)->n;
    (void)b;
    for (uint32_t i = 0; i < n; i++)
        sum = sum * 31 + r[i];
    *(uint64_t *)out = sum;
    return 0;
}

static uint64_t answer(uint64_t n, int level, int deep);

static int square_or_nest(weir_branch *b, const void *in, void *out)
{
    const query *q = in;
    nest *x = weir_context(b);
    query inner = {.n = q->n * q->n, .level = q->level + 1};
    if (weir_here() != b)
        atomic_fetch_add(&x->wrong, 1);
    if (q->level == x->deep) {
        *(uint64_t *)out = q->n * q->n;
        return 0;
    }
    const int status = weir_run(x->engine, x->plan, x, &inner, out);
    if (weir_here() != b)
        atomic_fetch_add(&x->wrong, 1);
    return status;
}

enum { FANOUT = 6 };

static uint64_t leaf_answer(uint64_t n, int level, int deep)
{
    return level == deep ? n * n : answer(n * n, level + 1, deep);
}

static uint64_t answer(uint64_t n, int level, int deep)
{
    uint64_t sum = n;
    for (uint32_t i = 0; i < FANOUT; i++)
        sum = sum * 31 + leaf_answer(n + i, level, deep);
    return sum;
}

static const weir_layer query_leaf = {
    .name = "leaf", .in_bytes = sizeof(query), .out_bytes = 8, .leaf = square_or_nest};
static const weir_layer query_top = {.name = "top",
                                     .in_bytes = sizeof(query),
                                     .out_bytes = 8,
                                     .fanout = FANOUT,
                                     .child = &query_leaf,
                                     .split = split_query,
                                     .gather = sum_up};

static void nested_runs_give_the_answers_of_a_serial_program(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++)
        for (int deep = 1; deep <= 3; deep++) {
            nest x = {
                .engine = open_engine(workers, 0, 0), .plan = compile(&query_top), .deep = deep};
            for (int round = 0; round < 60 / SLOW_BUILD / deep; round++) {
                const query in = {.n = (uint64_t)round};
                uint64_t out = 0;
                assert_ok(weir_run(x.engine, x.plan, &x, &in, &out));
                assert_true(out == answer(in.n, 0, deep));
            }
            assert_int_equal(atomic_load(&x.wrong), 0);
            weir_plan_free(x.plan);
            weir_engine_close(x.engine);
        }
}

static void many_at_once_give_the_answers_too(void **state)
{
    (void)state;
    nest x = {.engine = open_engine(4, 0, 0), .plan = compile(&query_top), .deep = 2};
    query in[OPS];
    uint64_t out[OPS];
    for (int i = 0; i < OPS; i++)
        in[i] = (query){.n = (uint64_t)i};
    for (int round = 0; round < 20 / SLOW_BUILD; round++) {
        assert_ok(weir_run_many(x.engine, x.plan, &x, OPS, in, out));
        for (int i = 0; i < OPS; i++)
            assert_true(out[i] == answer(in[i].n, 0, 2));
    }
    weir_plan_free(x.plan);
    weir_engine_close(x.engine);
}

static void outside_of_ops_nothing_is_here(void **state)
{
    (void)state;
    assert_null(weir_here());
}

/* ---- help ---- */

typedef struct counts {
    weir_engine *engine;
    weir_plan *plan;
    atomic_int at_once, most, ran;
    long leaf_ms; /* that a leaf takes; 0: one */
    int fails_at; /* leaf; -1: none */
    int status;
} counts;

static int sleeping_leaf(weir_branch *b, const void *in, void *out)
{
    counts *c = weir_context(b);
    const int now = atomic_fetch_add(&c->at_once, 1) + 1;
    int most = atomic_load(&c->most);
    (void)in, (void)out;
    while (most < now && !atomic_compare_exchange_weak(&c->most, &most, now))
        ;
    sleep_ms(c->leaf_ms > 0 ? c->leaf_ms : 1);
    atomic_fetch_sub(&c->at_once, 1);
    return atomic_fetch_add(&c->ran, 1) == c->fails_at ? 7 : 0;
}

static const weir_layer sleeper = {.name = "sleeper", .leaf = sleeping_leaf};
static const weir_layer sleepers = {.name = "sleepers",
                                    .fanout = LEAVES,
                                    .child = &sleeper,
                                    .split = split_nothing,
                                    .gather = gather_nothing};

static int run_sleepers(weir_branch *b, const void *in, void *out)
{
    counts *c = weir_context(b);
    (void)in, (void)out;
    c->status = weir_run(c->engine, c->plan, c, NULL, NULL);
    return 0;
}

static const weir_layer starter = {.name = "starter", .leaf = run_sleepers};

/* The system may let a worker wait for long, so leaves take longer until all are there. */
enum { LONGEST_MS = 300 };

static void idle_workers_help_a_nested_run(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        counts c = {
            .engine = open_engine(workers, 0, 0), .plan = compile(&sleepers), .fails_at = -1};
        weir_plan *outer = compile(&starter);
        for (long ms = 1; ms < LONGEST_MS && atomic_load(&c.most) < (int)workers; ms *= 2) {
            atomic_store(&c.ran, 0);
            c.leaf_ms = ms;
            assert_ok(weir_run(c.engine, outer, &c, NULL, NULL));
            assert_int_equal(c.status, WEIR_OK);
            assert_int_equal(atomic_load(&c.ran), LEAVES);
        }
        assert_int_equal(atomic_load(&c.most), workers);
        weir_plan_free(outer);
        weir_plan_free(c.plan);
        weir_engine_close(c.engine);
    }
}

static void a_nested_runs_statistics_count_into_its_root(void **state)
{
    (void)state;
    counts c = {.engine = open_engine(2, 0, 0), .plan = compile(&sleepers), .fails_at = -1};
    weir_plan *outer = compile(&starter);
    weir_stats s;
    assert_ok(weir_run(c.engine, outer, &c, NULL, NULL));
    weir_engine_stats(c.engine, &s);
    assert_int_equal(s.branches, 1 + 1 + LEAVES);
    assert_true(s.promotions > 0);
    weir_plan_free(outer);
    weir_plan_free(c.plan);
    weir_engine_close(c.engine);
}

/* ---- failures and cancels ---- */

static void a_nested_failure_is_told_to_the_op_and_stops_nothing_else(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        counts c = {
            .engine = open_engine(workers, 0, 0), .plan = compile(&sleepers), .fails_at = 5};
        weir_plan *outer = compile(&starter);
        assert_ok(weir_run(c.engine, outer, &c, NULL, NULL));
        assert_int_equal(c.status, WEIR_EOP);
        assert_in_range(atomic_load(&c.ran), 6, 5 + 2 * workers);
        weir_plan_free(outer);
        weir_plan_free(c.plan);
        weir_engine_close(c.engine);
    }
}

/* One leaf starts a nested run that ends only when it is stopped, the other one fails or cancels. */
static int wait_for_stop(weir_branch *b, const void *in, void *out)
{
    counts *c = weir_context(b);
    (void)in, (void)out;
    atomic_fetch_add(&c->ran, 1);
    while (!weir_stopping(b))
        sched_yield();
    return 0;
}

static const weir_layer waiter = {.name = "waiter", .leaf = wait_for_stop};

static int begin_or_stop(weir_branch *b, const void *in, void *out)
{
    counts *c = weir_context(b);
    (void)out;
    if (*(const int *)in == 0) {
        c->status = weir_run(c->engine, c->plan, c, NULL, NULL);
        return 0;
    }
    while (atomic_load(&c->ran) == 0)
        sched_yield();
    if (c->fails_at == 0)
        return 9;
    weir_engine_cancel(c->engine);
    return 0;
}

static int split_number(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    *(int *)child = (int)i;
    return 0;
}

static const weir_layer pair_leaf = {
    .name = "leaf", .in_bytes = sizeof(int), .leaf = begin_or_stop};
static const weir_layer pair = {.name = "pair",
                                .fanout = 2,
                                .child = &pair_leaf,
                                .split = split_number,
                                .gather = gather_nothing};

static void a_stop_of_the_run_around_reaches_the_nested_one(void **state)
{
    (void)state;
    for (int cancels = 0; cancels <= 1; cancels++)
        for (int round = 0; round < 50 / SLOW_BUILD; round++) {
            counts c = {
                .engine = open_engine(2, 0, 0), .plan = compile(&waiter), .fails_at = cancels};
            weir_plan *outer = compile(&pair);
            assert_status(cancels ? WEIR_ECANCEL : WEIR_EOP,
                          weir_run(c.engine, outer, &c, NULL, NULL));
            assert_int_equal(c.status, WEIR_ECANCEL);
            atomic_store(&c.ran, 0);
            weir_plan_free(outer);
            weir_plan_free(c.plan);
            weir_engine_close(c.engine);
        }
}

/* ---- what was learnt ---- */

enum { QUICK = 1 << 22, ROWS = 200 };

typedef struct ranges {
    weir_engine *engine;
    weir_plan *quick;
    uint32_t first; /* leaves in the first call of the slow ones; 0: none yet */
} ranges;

static int nothing_at_all(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *out)
{
    (void)b, (void)in, (void)first, (void)n, (void)out;
    return 0;
}

static int note_the_first(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *out)
{
    ranges *r = weir_context(b);
    (void)in, (void)first, (void)out;
    if (r->first == 0)
        r->first = n;
    return 0;
}

static const weir_layer quick_leaf = {.name = "leaf", .leaves = nothing_at_all};
static const weir_layer quick_top = {
    .name = "quick", .fanout = QUICK, .child = &quick_leaf, .gather = gather_nothing};

static int count_by_a_quick_run(weir_branch *b, void *in, uint32_t *n)
{
    const ranges *r = weir_context(b);
    (void)in;
    *n = ROWS;
    return weir_run(r->engine, r->quick, NULL, NULL, NULL);
}

static const weir_layer slow_leaf = {.name = "leaf", .leaves = note_the_first};
static const weir_layer slow_top = {.name = "slow",
                                    .fanout = ROWS,
                                    .child = &slow_leaf,
                                    .count = count_by_a_quick_run,
                                    .gather = gather_nothing};

/* Else the leaves of the run around, which may take a second each, would come in one call. */
static void what_a_nested_run_learnt_about_its_leaves_is_not_kept(void **state)
{
    (void)state;
    ranges r = {.engine = open_engine(1, 0, 0), .quick = compile(&quick_top)};
    weir_plan *slow = compile(&slow_top);
    assert_ok(weir_run(r.engine, slow, &r, NULL, NULL));
    assert_int_equal(r.first, 1);
    weir_plan_free(slow);
    weir_plan_free(r.quick);
    weir_engine_close(r.engine);
}

/* ---- bytes ---- */

/* Runs the sleepers in an op of a layer that declares so many bytes for them. */
static weir_status run_declared_for(long leaf_ms, size_t nested_bytes, bool tight, counts *c,
                                    weir_stats *stats)
{
    weir_layer layer = starter;
    layer.nested_bytes = nested_bytes;
    weir_plan *outer = compile(&layer);
    *c = (counts){.plan = compile(&sleepers), .leaf_ms = leaf_ms, .fails_at = -1};
    c->engine = open_engine(2, 0, tight ? weir_plan_serial_bytes(outer) : 0);
    assert_ok(weir_run(c->engine, outer, c, NULL, NULL));
    weir_engine_stats(c->engine, stats);
    assert_true(stats->peak_bytes <= stats->certified_bytes);
    assert_true(stats->certified_bytes >= nested_bytes);
    if (tight)
        assert_true(stats->certified_bytes <= weir_plan_serial_bytes(outer));
    counts after = {.fails_at = -1};
    assert_ok(weir_run(c->engine, c->plan, &after, NULL, NULL)); /* all bytes are back */
    weir_plan_free(outer);
    weir_plan_free(c->plan);
    weir_engine_close(c->engine);
    return c->status;
}

static weir_status run_declared(size_t nested_bytes, bool tight, counts *c, weir_stats *stats)
{
    return run_declared_for(1, nested_bytes, tight, c, stats);
}

static void under_max_bytes_a_nested_run_needs_a_declaration(void **state)
{
    counts c;
    weir_stats stats;
    (void)state;
    counts free_run = {.engine = open_engine(2, 0, 1 << 20), .plan = compile(&sleepers)};
    weir_plan *outer = compile(&starter), *plan = free_run.plan;
    free_run.fails_at = -1;
    const size_t serial = (size_t)weir_plan_serial_bytes(plan);
    assert_ok(weir_run(free_run.engine, outer, &free_run, NULL, NULL));
    assert_int_equal(free_run.status, WEIR_EBUDGET);
    weir_plan_free(outer);
    weir_engine_close(free_run.engine);
    assert_int_equal(run_declared(serial, true, &c, &stats), WEIR_OK);
    assert_int_equal(atomic_load(&c.most), 1); /* no room for a part of it */
    assert_int_equal(run_declared(serial - 1, true, &c, &stats), WEIR_EBUDGET);
    assert_int_equal(run_declared(serial - 1, false, &c, &stats), WEIR_EBUDGET);
    weir_plan_free(plan);
}

static void what_is_declared_beyond_the_serial_bytes_lets_others_help(void **state)
{
    counts c;
    weir_stats stats;
    (void)state;
    weir_plan *plan = compile(&sleepers);
    const size_t two = (size_t)weir_plan_certified_bytes(plan, 1, 2);
    for (int tight = 0; tight <= 1; tight++) {
        long ms = 1;
        do
            assert_int_equal(run_declared_for(ms, two, tight != 0, &c, &stats), WEIR_OK);
        while (atomic_load(&c.most) < 2 && (ms *= 2) < LONGEST_MS);
        assert_int_equal(atomic_load(&c.most), 2);
        assert_int_equal(run_declared(two - 1, tight != 0, &c, &stats), WEIR_OK);
        assert_int_equal(atomic_load(&c.most), 1);
    }
    weir_plan_free(plan);
}

static void the_certificate_counts_nested_bytes_for_each_worker(void **state)
{
    (void)state;
    weir_layer layer = starter, plain = starter;
    layer.nested_bytes = 1000;
    weir_plan *with = compile(&layer), *without = compile(&plain);
    for (unsigned workers = 1; workers <= 3; workers++) {
        const uint64_t more = weir_plan_certified_bytes(with, workers, workers) -
                              weir_plan_certified_bytes(without, workers, workers);
        assert_in_range(more, 1000 * workers, 1064 * workers);
    }
    weir_plan_free(with);
    weir_plan_free(without);
}

/* ---- engines in a circle ---- */

typedef struct circle {
    weir_engine *first, *second;
    weir_plan *middle, *inner;
    int status, ran;
} circle;

static int note_run(weir_branch *b, const void *in, void *out)
{
    circle *c = weir_context(b);
    (void)in, (void)out;
    c->ran++;
    return 0;
}

static int run_first(weir_branch *b, const void *in, void *out)
{
    circle *c = weir_context(b);
    (void)in, (void)out;
    c->status = weir_run(c->first, c->inner, c, NULL, NULL);
    return 0;
}

static int run_second(weir_branch *b, const void *in, void *out)
{
    circle *c = weir_context(b);
    (void)in, (void)out;
    return weir_run(c->second, c->middle, c, NULL, NULL);
}

static const weir_layer noting = {.name = "inner", .leaf = note_run};
static const weir_layer to_first = {.name = "middle", .leaf = run_first};
static const weir_layer to_second = {.name = "outer", .leaf = run_second};

static void an_engine_may_be_run_again_by_way_of_another_on_the_same_thread(void **state)
{
    (void)state;
    circle c = {.first = open_engine(2, 0, 0),
                .second = open_engine(2, 0, 0),
                .middle = compile(&to_first),
                .inner = compile(&noting),
                .status = WEIR_END};
    weir_plan *outer = compile(&to_second);
    assert_ok(weir_run(c.first, outer, &c, NULL, NULL));
    assert_int_equal(c.status, WEIR_OK);
    assert_int_equal(c.ran, 1);
    weir_plan_free(outer);
    weir_plan_free(c.middle);
    weir_plan_free(c.inner);
    weir_engine_close(c.first);
    weir_engine_close(c.second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_runs_give_the_answers_of_a_serial_program),
        cmocka_unit_test(many_at_once_give_the_answers_too),
        cmocka_unit_test(outside_of_ops_nothing_is_here),
        cmocka_unit_test(idle_workers_help_a_nested_run),
        cmocka_unit_test(a_nested_runs_statistics_count_into_its_root),
        cmocka_unit_test(a_nested_failure_is_told_to_the_op_and_stops_nothing_else),
        cmocka_unit_test(a_stop_of_the_run_around_reaches_the_nested_one),
        cmocka_unit_test(under_max_bytes_a_nested_run_needs_a_declaration),
        cmocka_unit_test(what_is_declared_beyond_the_serial_bytes_lets_others_help),
        cmocka_unit_test(the_certificate_counts_nested_bytes_for_each_worker),
        cmocka_unit_test(what_a_nested_run_learnt_about_its_leaves_is_not_kept),
        cmocka_unit_test(an_engine_may_be_run_again_by_way_of_another_on_the_same_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
