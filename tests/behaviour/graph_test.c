/* Tests that a graph's tasks run once each, after their predecessors, on engines of every size, time and
 * again; what its ops find; and how it fails and is cancelled.
 *
 * Run by ctest.  The oracle is a sequential walk of the same graph (dag_support.h). */
#include "dag_support.h"

#include <fenv.h>

/* ---- order ---- */

static void each_task_runs_once_after_its_predecessors(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int i = 0; i < 20 / SLOW_BUILD + 1; i++) {
            dag d;
            dag_make(&d, &random, (uint32_t)draw(&random, 1000));
            for (int run = 0; run < 5; run++) {
                d.delay_one_in = run == 1 ? 100 : 0;
                dag_run(&d, engine);
                weir_stats s;
                weir_engine_stats(engine, &s);
                assert_int_equal(s.branches, d.n);
                assert_true(s.peak_in_flight <= s.promotions);
                assert_int_equal(s.peak_bytes, 0);
                if (s.workers == 1)
                    assert_int_equal(s.promotions, 0);
            }
            dag_free(&d);
        }
        assert_tree_runs(engine, 3, 5);
        weir_engine_close(engine);
    }
}

static void one_graph_runs_on_engines_of_every_size(void **state)
{
    static const unsigned workers[] = {2, 1, 4, 3, 8, 1};
    uint64_t random = 2;
    dag d;
    (void)state;
    dag_make(&d, &random, 3000);
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
        weir_engine *engine = open_engine(workers[i], i == 2 ? 1 : 0, i == 3 ? 1 : 0);
        for (int run = 0; run < 5; run++)
            dag_run(&d, engine);
        weir_engine_close(engine);
    }
    dag_free(&d);
}

static void an_empty_graph_and_one_of_a_single_task_run(void **state)
{
    uint64_t random = 3;
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (uint32_t n = 0; n <= 1; n++) {
            dag d;
            dag_make(&d, &random, n);
            dag_run(&d, engine);
            dag_run(&d, engine);
            dag_free(&d);
        }
        weir_engine_close(engine);
    }
}

/* ---- what is refused ---- */

static void a_graph_that_is_not_compiled_is_refused(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    weir_graph *graph;
    (void)state;
    assert_ok(weir_graph_create(&graph));
    assert_status(WEIR_EINVAL, weir_graph_run(engine, graph));
    assert_string_equal(weir_last_error()->where, "graph");
    assert_contains(weir_last_error()->text, "weir_graph_compile()");
    assert_status(WEIR_EINVAL, weir_graph_run(NULL, graph));
    assert_status(WEIR_EINVAL, weir_graph_run(engine, NULL));
    assert_ok(weir_graph_compile(graph));
    assert_ok(weir_graph_run(engine, graph));
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

/* ---- small graphs ---- */

/* What the tasks of small graphs know. */
typedef struct small {
    weir_engine *engine;
    weir_graph *graph;
    int mode; /* of floating-point arithmetic */
    atomic_uint there, runs;
    atomic_bool wrong;
    void *context;
} small;

static int look_around(void *arg)
{
    small *s = arg;
    weir_branch *b = weir_here();
    if (b == NULL || weir_context(b) != s->context || weir_scratch(b) != NULL ||
        weir_worker(b) >= weir_engine_workers(s->engine) || weir_stopping(b))
        atomic_store(&s->wrong, true);
    atomic_fetch_add(&s->runs, 1);
    return 0;
}

static void ops_find_their_context_and_worker(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        small s = {.engine = open_engine(workers, 0, 0)};
        weir_task task;
        assert_ok(weir_graph_create(&s.graph));
        for (int i = 0; i < 100; i++)
            assert_ok(weir_graph_add(s.graph, NULL, look_around, &s, &task));
        assert_ok(weir_graph_compile(s.graph));
        for (int i = 0; i < 2; i++) {
            s.context = i == 0 ? NULL : &s;
            assert_ok(weir_graph_context(s.graph, s.context));
            assert_ok(weir_graph_run(s.engine, s.graph));
        }
        assert_int_equal(atomic_load(&s.runs), 200);
        assert_false(atomic_load(&s.wrong));
        assert_null(weir_here());
        weir_graph_destroy(s.graph);
        weir_engine_close(s.engine);
    }
}

/* ---- long ops keep nobody waiting ---- */

/* Waits for another op that does the same. */
static int meet(void *arg)
{
    small *s = arg;
    const uint64_t until = clock_ns(CLOCK_MONOTONIC) + 10000000000u;
    atomic_fetch_add(&s->there, 1);
    while (atomic_load(&s->there) % 2 != 0 && clock_ns(CLOCK_MONOTONIC) < until)
        nap(50);
    if (atomic_load(&s->there) % 2 != 0)
        atomic_store(&s->wrong, true);
    return 0;
}

/* One task, then `short_ones` that do nothing, then two that wait for each other. */
static void build_meeting(small *s, unsigned short_ones)
{
    weir_task before, task;
    assert_ok(weir_graph_create(&s->graph));
    assert_ok(weir_graph_add(s->graph, "first", nothing, NULL, &before));
    for (unsigned i = 0; i < short_ones; i++) {
        assert_ok(weir_graph_add(s->graph, "short", nothing, NULL, &task));
        assert_ok(weir_graph_before(s->graph, before, task));
        before = task;
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(weir_graph_add(s->graph, "meet", meet, s, &task));
        assert_ok(weir_graph_before(s->graph, before, task));
    }
    assert_ok(weir_graph_plan(s->graph, 0)); /* or one lane may have both */
    assert_ok(weir_graph_compile(s->graph));
}

static void two_ready_tasks_run_at_once_on_two_workers(void **state)
{
    static const unsigned short_ones[] = {0, 1, 3, 10, 1000};
    (void)state;
    for (size_t i = 0; i < sizeof short_ones / sizeof short_ones[0]; i++) {
        small s = {.engine = open_engine(2, 0, 0)};
        build_meeting(&s, short_ones[i]);
        for (int run = 0; run < 5; run++)
            assert_ok(weir_graph_run(s.engine, s.graph));
        assert_false(atomic_load(&s.wrong));
        weir_graph_destroy(s.graph);
        weir_engine_close(s.engine);
    }
}

/* ---- families ---- */

typedef struct clumps {
    atomic_uint calls, tasks, wrong;
    atomic_bool seen[10000];
} clumps;

static int note_clump(void *arg, const uint32_t *index, uint32_t count)
{
    clumps *c = arg;
    for (uint32_t i = 0; i < count; i++)
        if (index[i] >= 10000 || atomic_exchange(&c->seen[index[i]], true))
            atomic_fetch_add(&c->wrong, 1);
    atomic_fetch_add(&c->calls, 1);
    atomic_fetch_add(&c->tasks, count);
    return count == 0;
}

static void short_tasks_of_a_family_are_called_for_several_at_a_time(void **state)
{
    static clumps c;
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_graph *graph;
        weir_task task, first;
        assert_ok(weir_graph_create(&graph));
        assert_ok(weir_graph_add(graph, "first", nothing, NULL, &first));
        assert_ok(weir_graph_add_many(graph, "rows", 10000, note_clump, &c, &task));
        for (uint32_t i = 0; i < 10000; i += 2) /* of the others some are roots */
            assert_ok(weir_graph_before(graph, first, task + i));
        assert_ok(weir_graph_compile(graph));
        for (int run = 0; run < 3; run++) {
            memset(&c, 0, sizeof c);
            assert_ok(weir_graph_run(engine, graph));
            assert_int_equal(atomic_load(&c.wrong), 0);
            assert_int_equal(atomic_load(&c.tasks), 10000);
        }
        assert_true(atomic_load(&c.calls) < 5000);
        weir_graph_destroy(graph);
        weir_engine_close(engine);
    }
}

/* ---- failures ---- */

static void a_failed_task_stops_the_run_and_is_named(void **state)
{
    uint64_t random = 4;
    (void)state;
    for (unsigned workers = 1; workers <= 5; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int i = 0; i < 20 / SLOW_BUILD + 1; i++) {
            char where[32];
            dag d;
            dag_make(&d, &random, 1 + (uint32_t)draw(&random, 500));
            d.fails_at = (uint32_t)draw(&random, d.n);
            if (d.fails_at >= d.n - d.family)
                snprintf(where, sizeof where, "family[%u]", d.fails_at - (d.n - d.family));
            else
                snprintf(where, sizeof where, d.fails_at % 3 == 0 ? "#%u" : "t%u", d.fails_at);
            assert_status(WEIR_EOP, weir_graph_run(engine, d.graph));
            assert_int_equal(weir_last_error()->code, 42);
            assert_string_equal(weir_last_error()->where, where);
            assert_contains(weir_last_error()->text, "returned 42");
            dag_check_stopped(&d);
            d.fails_at = d.n;
            dag_run(&d, engine); /* at once */
            dag_free(&d);
        }
        weir_engine_close(engine);
    }
}

static int fail_members(void *arg, const uint32_t *index, uint32_t count)
{
    (void)arg, (void)index;
    return count > 0 ? 9 : 0;
}

static void a_family_that_names_no_member_fails_as_a_range(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    weir_graph *graph;
    weir_task first;
    (void)state;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_add_many(graph, "rows", 100, fail_members, NULL, &first));
    assert_ok(weir_graph_compile(graph));
    assert_status(WEIR_EOP, weir_graph_run(engine, graph));
    assert_int_equal(weir_last_error()->code, 9);
    assert_contains(weir_last_error()->where, "rows[0");
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

static void a_cancel_stops_the_run_and_the_next_one_runs(void **state)
{
    uint64_t random = 5;
    (void)state;
    for (unsigned workers = 1; workers <= 5; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int i = 0; i < 10; i++) {
            dag d;
            dag_make(&d, &random, 1 + (uint32_t)draw(&random, 500));
            d.engine = engine;
            d.cancels_at = (uint32_t)draw(&random, d.n);
            assert_status(WEIR_ECANCEL, weir_graph_run(engine, d.graph));
            dag_check_stopped(&d);
            d.cancels_at = d.n;
            dag_run(&d, engine);
            dag_free(&d);
        }
        weir_engine_close(engine);
    }
}

static int stop_when_told(void *arg)
{
    small *s = arg;
    const uint64_t until = clock_ns(CLOCK_MONOTONIC) + 10000000000u;
    atomic_fetch_add(&s->there, 1);
    while (!weir_stopping(weir_here()) && clock_ns(CLOCK_MONOTONIC) < until)
        nap(50);
    if (!weir_stopping(weir_here()))
        atomic_store(&s->wrong, true);
    return 0;
}

static int fail_after_the_other_began(void *arg)
{
    small *s = arg;
    while (atomic_load(&s->there) == 0)
        nap(50);
    return 6;
}

static void an_op_that_asks_learns_that_the_run_stops(void **state)
{
    small s = {.engine = open_engine(2, 0, 0)};
    weir_task task, after;
    (void)state;
    assert_ok(weir_graph_create(&s.graph));
    assert_ok(weir_graph_add(s.graph, "waits", stop_when_told, &s, &task));
    assert_ok(weir_graph_add(s.graph, "after", look_around, &s, &after));
    assert_ok(weir_graph_before(s.graph, task, after));
    assert_ok(weir_graph_add(s.graph, "fails", fail_after_the_other_began, &s, &task));
    assert_ok(weir_graph_compile(s.graph));
    for (int i = 0; i < 5; i++) {
        atomic_store(&s.there, 0);
        assert_status(WEIR_EOP, weir_graph_run(s.engine, s.graph));
        assert_string_equal(weir_last_error()->where, "fails");
    }
    assert_false(atomic_load(&s.wrong));
    assert_int_equal(atomic_load(&s.runs), 0);
    weir_graph_destroy(s.graph);
    weir_engine_close(s.engine);
}

/* ---- the floating-point mode ---- */

static int look_at_mode(void *arg)
{
    small *s = arg;
    if (fegetround() != s->mode)
        atomic_store(&s->wrong, true);
    atomic_fetch_add(&s->runs, 1);
    return 0;
}

static void tasks_have_the_mode_of_the_thread_that_runs_the_graph(void **state)
{
    static const int modes[] = {FE_UPWARD, FE_TONEAREST, FE_DOWNWARD};
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        small s = {.engine = open_engine(workers, 0, 0)};
        weir_task task;
        assert_ok(weir_graph_create(&s.graph));
        for (int i = 0; i < 300; i++)
            assert_ok(weir_graph_add(s.graph, NULL, look_at_mode, &s, &task));
        assert_ok(weir_graph_compile(s.graph));
        for (int run = 0; run < 9; run++) {
            s.mode = modes[run % 3];
            fesetround(s.mode);
            assert_ok(weir_graph_run(s.engine, s.graph));
            assert_int_equal(fegetround(), s.mode);
        }
        fesetround(FE_TONEAREST);
        assert_false(atomic_load(&s.wrong));
        assert_int_equal(atomic_load(&s.runs), 2700);
        weir_graph_destroy(s.graph);
        weir_engine_close(s.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_runs_once_after_its_predecessors),
        cmocka_unit_test(one_graph_runs_on_engines_of_every_size),
        cmocka_unit_test(an_empty_graph_and_one_of_a_single_task_run),
        cmocka_unit_test(a_graph_that_is_not_compiled_is_refused),
        cmocka_unit_test(ops_find_their_context_and_worker),
        cmocka_unit_test(two_ready_tasks_run_at_once_on_two_workers),
        cmocka_unit_test(short_tasks_of_a_family_are_called_for_several_at_a_time),
        cmocka_unit_test(a_failed_task_stops_the_run_and_is_named),
        cmocka_unit_test(a_family_that_names_no_member_fails_as_a_range),
        cmocka_unit_test(a_cancel_stops_the_run_and_the_next_one_runs),
        cmocka_unit_test(an_op_that_asks_learns_that_the_run_stops),
        cmocka_unit_test(tasks_have_the_mode_of_the_thread_that_runs_the_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
