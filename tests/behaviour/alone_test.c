/* Tests that runs which are over in no time do without their team, and that whatever turns out
 * longer gets it: with the same results, and nothing that an op could tell apart but the number of
 * threads.
 *
 * Run by ctest.  How soon runs begin alone depends on the machine, so a test runs short ones until
 * they do.  An op must never assert: it counts what is wrong. */
#include "support.h"

#include <omp.h>
#include <pthread.h>
#include <time.h>

enum { WORKERS = 2, MOST_RUNS = 200000, LONG_LEAVES = 40, LONG_NS = 2000000 };

/* Of runs of the plan below: what their leaves do, and what they saw. */
typedef struct context {
    uint32_t leaves;
    long leaf_ns; /* that each sleeps */
    uint32_t bad; /* this leaf fails; or cancels, if there is an engine */
    weir_engine *engine;
    atomic_uint alone, together; /* leaves on a thread of its own, and of a team */
    atomic_uint by[WORKERS];
    atomic_int level, in_final, threads; /* as an op sees them; -1 once they differ */
} context;

static int count_leaves(weir_branch *b, void *in, uint32_t *n)
{
    (void)in;
    *n = ((const context *)weir_context(b))->leaves;
    return 0;
}

static int split_number(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    *(uint32_t *)child = i;
    return 0;
}

static int sum(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    uint64_t all = 0;
    (void)b, (void)in;
    for (uint32_t i = 0; i < n; i++)
        all = tree_fold(all, ((const uint64_t *)results)[i]);
    *(uint64_t *)out = all;
    return 0;
}

static void note_thread(context *c, unsigned worker)
{
    atomic_fetch_add(omp_get_num_threads() == 1 ? &c->alone : &c->together, 1);
    atomic_fetch_add(&c->by[worker], 1);
}

static int leaf(weir_branch *b, const void *in, void *out)
{
    context *c = weir_context(b);
    const uint32_t i = *(const uint32_t *)in;
    note_thread(c, weir_worker(b));
    if (c->leaf_ns > 0)
        nanosleep(&(struct timespec){0, c->leaf_ns}, NULL);
    if (i == c->bad && c->engine != NULL)
        weir_engine_cancel(c->engine);
    *(uint64_t *)out = i;
    return i == c->bad && c->engine == NULL ? 7 : 0;
}

static const weir_layer leaves = {
    .name = "leaf", .in_bytes = sizeof(uint32_t), .out_bytes = 8, .leaf = leaf};
static const weir_layer list = {.name = "list",
                                .out_bytes = 8,
                                .fanout = LONG_LEAVES,
                                .child = &leaves,
                                .count = count_leaves,
                                .split = split_number,
                                .gather = sum};

static const context short_run = {.leaves = 1, .bad = UINT32_MAX};
static const context long_run = {.leaves = LONG_LEAVES, .leaf_ns = LONG_NS, .bad = UINT32_MAX};

static uint64_t right_sum(uint32_t n)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < n; i++)
        all = tree_fold(all, i);
    return all;
}

static void assert_runs(weir_engine *engine, const weir_plan *plan, context *c)
{
    uint64_t out = 0;
    weir_stats s;
    assert_ok(weir_run(engine, plan, c, NULL, &out));
    assert_true(out == right_sum(c->leaves));
    assert_int_equal(atomic_load(&c->alone) + atomic_load(&c->together), c->leaves);
    assert_stats_hold(engine, plan, false);
    weir_engine_stats(engine, &s);
    assert_int_equal(s.branches, c->leaves + 1);
    assert_int_equal(s.workers, WORKERS);
}

/* Short runs until one had no team. */
static void run_until_alone(weir_engine *engine, const weir_plan *plan)
{
    for (int i = 0; i < MOST_RUNS; i++) {
        context c = short_run;
        assert_runs(engine, plan, &c);
        if (atomic_load(&c.together) == 0)
            return;
    }
    fail_msg("after %d short runs each still opens a region", MOST_RUNS);
}

static void the_first_runs_have_the_team(void **state)
{
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    (void)state;
    for (int i = 0; i < 20; i++) { /* plans learn each for itself */
        weir_plan *plan = compile(&list);
        context c = short_run;
        assert_runs(engine, plan, &c);
        assert_int_equal(atomic_load(&c.alone), 0);
        weir_plan_free(plan);
    }
    weir_engine_close(engine);
}

static void short_runs_after_short_ones_open_no_region(void **state)
{
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_plan *plan = compile(&list);
    unsigned alone = 0;
    (void)state;
    run_until_alone(engine, plan);
    for (int i = 0; i < 1000; i++) {
        context c = short_run;
        assert_runs(engine, plan, &c);
        weir_stats s;
        weir_engine_stats(engine, &s);
        alone += atomic_load(&c.alone);
        assert_true(atomic_load(&c.alone) == 0 || s.promotions == 0);
    }
    assert_true(alone > 900); /* now and then the team is tried */
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static void a_long_run_after_short_ones_is_shared_after_two_ops(void **state)
{
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_plan *plan = compile(&list);
    unsigned by_others = 0;   /* which the system may let wait for long */
    unsigned began_alone = 0; /* not all do, where the last short run had to wait for a core */
    (void)state;
    for (int round = 0; round < 3 || (round < 30 && (by_others == 0 || began_alone == 0));
         round++) {
        run_until_alone(engine, plan);
        context c = long_run;
        assert_runs(engine, plan, &c);
        assert_in_range(atomic_load(&c.alone), 0, 3);
        began_alone += atomic_load(&c.alone) > 0;
        assert_true(atomic_load(&c.together) > 0);
        by_others += atomic_load(&c.by[1]);
        /* And that is learnt. */
        c = long_run;
        assert_runs(engine, plan, &c);
        assert_int_equal(atomic_load(&c.alone), 0);
        c = short_run;
        assert_runs(engine, plan, &c);
        assert_int_equal(atomic_load(&c.alone), 0);
    }
    assert_true(by_others > 0 && began_alone > 0);
    weir_plan_free(plan);
    weir_engine_close(engine);
}

/* ---- what a run is, alone and then not ---- */

typedef struct noted_tree {
    tree t; /* for the ops of support.h */
    context c;
} noted_tree;

static int noted_leaf(weir_branch *b, const void *in, void *out)
{
    noted_tree *t = weir_context(b);
    note_thread(&t->c, weir_worker(b));
    return tree_leaf(b, in, out);
}

static void run_tree(weir_engine *engine, const weir_plan *plan, noted_tree *t, uint32_t height)
{
    const tree_node in = {.id = height, .height = height};
    uint64_t out = 0;
    weir_stats s;
    t->c = (context){0};
    assert_ok(weir_run(engine, plan, t, &in, &out));
    assert_true(out == tree_answer(in, t->t.fanout));
    assert_stats_hold(engine, plan, false);
    weir_engine_stats(engine, &s);
    assert_true(s.branches == tree_branches(height, t->t.fanout));
}

static void a_tree_that_is_left_half_way_is_as_any_other(void **state)
{
    enum { MOST_HEIGHT = 11 };
    weir_layer layer;
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    unsigned left = 0;
    (void)state;
    tree_describe(&layer, 3, MOST_HEIGHT);
    layer.leaf = noted_leaf;
    for (uint32_t height = 6; height <= MOST_HEIGHT; height++) {
        weir_plan *plan = compile(&layer);
        noted_tree t = {.t = {.fanout = 3}};
        int runs = 0;
        do
            run_tree(engine, plan, &t, 0);
        while (atomic_load(&t.c.alone) == 0 && ++runs < MOST_RUNS);
        t.t.spin = 50;
        run_tree(engine, plan, &t, height);
        left += atomic_load(&t.c.alone) > 0 && atomic_load(&t.c.together) > 0;
        weir_plan_free(plan);
    }
    assert_true(left > 0);
    weir_engine_close(engine);
}

static void a_failure_or_cancel_is_the_same_before_and_after_the_team_has_come(void **state)
{
    static const uint32_t bad[] = {0, 1, 2, 3, 20, LONG_LEAVES - 1};
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    unsigned began_alone = 0; /* not all do, where the last short run had to wait for a core */
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int cancels = 0; cancels < 2; cancels++) {
            weir_plan *plan = compile(&list);
            uint64_t out;
            char where[32];
            run_until_alone(engine, plan);
            context c = long_run;
            c.bad = bad[i];
            c.engine = cancels ? engine : NULL;
            assert_status(cancels ? WEIR_ECANCEL : WEIR_EOP,
                          weir_run(engine, plan, &c, NULL, &out));
            began_alone += atomic_load(&c.alone) > 0;
            if (!cancels) {
                snprintf(where, sizeof where, "list/leaf[%u]", bad[i]);
                assert_string_equal(weir_last_error()->where, where);
                assert_int_equal(weir_last_error()->code, 7);
            }
            assert_tree_runs(engine, 3, 5);
            weir_plan_free(plan);
        }
    assert_true(began_alone > 0);
    weir_engine_close(engine);
}

/* ---- what ops find ---- */

static void note(atomic_int *seen, int value)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(seen, &none, value) && none != value)
        atomic_store(seen, -1);
}

static int looking_leaf(weir_branch *b, const void *in, void *out)
{
    context *c = weir_context(b);
    int threads = 0;
    (void)in;
    note_thread(c, weir_worker(b));
    *(uint64_t *)out = weir_here() == b;
    if (c->leaves == 0) /* it is not to look: making threads may take longer than a short run */
        return 0;
#pragma omp parallel num_threads(2)
#pragma omp single
    threads = omp_get_num_threads();
    note(&c->level, 1 + omp_get_level());
    note(&c->in_final, 1 + omp_in_final());
    note(&c->threads, threads);
    return 0;
}

/* One run whose op looks, after short ones until one had no team. */
static void look_alone(weir_engine *engine, const weir_plan *plan, context *c)
{
    context quick = {.leaves = 0};
    uint64_t here = 0;
    for (int i = 0; i < MOST_RUNS && atomic_load(&quick.alone) == 0; i++)
        assert_ok(weir_run(engine, plan, &quick, NULL, &here));
    assert_ok(weir_run(engine, plan, c, NULL, &here));
    assert_true(here);
}

static void ops_find_alone_what_they_find_in_a_team(void **state)
{
    const weir_layer top = {.name = "looks", .out_bytes = 8, .leaf = looking_leaf};
    const int before = omp_get_max_active_levels();
    (void)state;
    for (int levels = 1; levels <= 2; levels++) {
        weir_engine *engine = open_engine(WORKERS, 0, 0);
        weir_plan *plan = compile(&top);
        context c = {.leaves = 1};
        uint64_t here = 0;
        omp_set_max_active_levels(levels);
        assert_ok(weir_run(engine, plan, &c, NULL, &here)); /* the first has the team */
        assert_true(here && atomic_load(&c.together) == 1);
        for (int i = 0; i < 200 && atomic_load(&c.alone) < 10; i++)
            look_alone(engine, plan, &c);
        assert_int_equal(atomic_load(&c.alone), 10);
        assert_int_equal(atomic_load(&c.level), 1 + 1);
        assert_int_equal(atomic_load(&c.in_final), 1 + 1);
        assert_int_equal(atomic_load(&c.threads), levels);
        assert_int_equal(omp_get_max_active_levels(), levels);
        assert_int_equal(omp_get_level(), 0);
        weir_plan_free(plan);
        weir_engine_close(engine);
    }
    omp_set_max_active_levels(before);
}

typedef struct outer {
    context c;
    weir_engine *engine;
    const weir_plan *inner;
} outer;

static int nesting_leaf(weir_branch *b, const void *in, void *out)
{
    outer *o = weir_context(b);
    context c = {.leaves = o->c.leaves, .bad = UINT32_MAX};
    (void)in;
    note_thread(&o->c, weir_worker(b));
    return weir_run(o->engine, o->inner, &c, NULL, out) != WEIR_OK;
}

static void an_op_of_a_run_that_is_alone_may_run_another(void **state)
{
    const weir_layer top = {.name = "nests", .out_bytes = 8, .leaf = nesting_leaf};
    weir_plan *plan = compile(&top), *inner = compile(&list);
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    outer o = {.c = {.leaves = 1}, .engine = engine, .inner = inner};
    (void)state;
    for (int i = 0; i < MOST_RUNS && atomic_load(&o.c.alone) < 100; i++) {
        uint64_t out = 0;
        weir_stats s;
        o.c.leaves = 1 + atomic_load(&o.c.alone) % LONG_LEAVES;
        assert_ok(weir_run(engine, plan, &o, NULL, &out));
        assert_true(out == right_sum(o.c.leaves));
        weir_engine_stats(engine, &s);
        assert_int_equal(s.branches, o.c.leaves + 2);
    }
    assert_int_equal(atomic_load(&o.c.alone), 100);
    weir_plan_free(plan);
    weir_plan_free(inner);
    weir_engine_close(engine);
}

/* ---- where there is no team to come ---- */

static void inside_a_region_of_the_callers_there_is_one_worker_as_ever(void **state)
{
    weir_engine *engine = open_engine(WORKERS, 0, 0);
    weir_plan *plan = compile(&list);
    (void)state;
    run_until_alone(engine, plan);
#pragma omp parallel num_threads(2)
#pragma omp single
    {
        context c = long_run;
        c.leaf_ns = 0;
        uint64_t out = 0;
        weir_stats s;
        assert_ok(weir_run(engine, plan, &c, NULL, &out));
        assert_true(out == right_sum(LONG_LEAVES));
        weir_engine_stats(engine, &s);
        assert_int_equal(s.workers, 1);
        assert_int_equal(s.idle_ns, 0);
    }
    weir_plan_free(plan);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_runs_have_the_team),
        cmocka_unit_test(short_runs_after_short_ones_open_no_region),
        cmocka_unit_test(a_long_run_after_short_ones_is_shared_after_two_ops),
        cmocka_unit_test(a_tree_that_is_left_half_way_is_as_any_other),
        cmocka_unit_test(a_failure_or_cancel_is_the_same_before_and_after_the_team_has_come),
        cmocka_unit_test(ops_find_alone_what_they_find_in_a_team),
        cmocka_unit_test(an_op_of_a_run_that_is_alone_may_run_another),
        cmocka_unit_test(inside_a_region_of_the_callers_there_is_one_worker_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
