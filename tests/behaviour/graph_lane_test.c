/* Tests that graphs of tiny tasks come to follow a plan, that nothing but their time is another then, and
 * that a program may say which plans they have.
 *
 * Run by ctest with internal headers, for plans of many lanes (lane_support.h); all else is public. */
#include "dag_support.h"

#include "lane_support.h"

static weir_graph_summary summary_of(const weir_graph *graph)
{
    weir_graph_summary summary;
    assert_ok(weir_graph_describe(graph, &summary));
    return summary;
}

/* ---- whether there is a plan ---- */

static int take_a_while(void *arg)
{
    (void)arg;
    nap(30);
    return 0;
}

static weir_graph *chain_of(uint32_t n, int (*op)(void *arg))
{
    weir_graph *graph = NULL;
    assert_ok(weir_graph_create(&graph));
    for (uint32_t i = 0; i < n; i++) {
        weir_task task;
        assert_ok(weir_graph_add(graph, NULL, op, NULL, &task));
        if (i > 0)
            assert_ok(weir_graph_before(graph, i - 1, task));
    }
    return graph;
}

static void run_often(weir_engine *engine, weir_graph *graph, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_ok(weir_graph_run(engine, graph));
}

static void a_chain_of_tiny_tasks_is_one_lane_after_its_first_runs(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_graph *graph = chain_of(1000, nothing);
        assert_ok(weir_graph_compile(graph));
        assert_int_equal(summary_of(graph).lanes, 0);
        run_often(engine, graph, 5);
        assert_int_equal(summary_of(graph).lanes, 1);
        assert_true(summary_of(graph).clumps >= 1);
        assert_true(summary_of(graph).predicted_gain > 0.99);
        run_often(engine, graph, 5);
        weir_graph_destroy(graph);
        weir_engine_close(engine);
    }
}

static void a_graph_has_only_plans_that_it_may_have(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    weir_graph *graph = chain_of(1000, nothing);
    (void)state;
    assert_ok(weir_graph_plan(graph, 0));
    assert_ok(weir_graph_compile(graph));
    run_often(engine, graph, 5);
    assert_int_equal(summary_of(graph).lanes, 0);
    assert_ok(weir_graph_plan(graph, WEIR_PLAN_SERIAL));
    run_often(engine, graph, 5);
    assert_int_equal(summary_of(graph).lanes, 1);
    assert_ok(weir_graph_plan(graph, WEIR_PLAN_LANES)); /* which gain nothing */
    assert_int_equal(summary_of(graph).lanes, 0);
    run_often(engine, graph, 5);
    assert_int_equal(summary_of(graph).lanes, 0);
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

static void long_tasks_few_tasks_and_bodies_have_no_plan(void **state)
{
    weir_engine *engine = open_engine(2, 0, 0);
    weir_graph *longs = chain_of(50, take_a_while), *few = chain_of(5, nothing);
    weir_graph *body = chain_of(100, nothing), *around = chain_of(100, nothing);
    weir_task task;
    (void)state;
    assert_ok(weir_graph_compile(longs));
    assert_ok(weir_graph_compile(few));
    assert_ok(weir_graph_compile(body));
    assert_ok(weir_graph_if(around, "choice", nothing, NULL, body, NULL, &task));
    assert_ok(weir_graph_compile(around));
    weir_graph *const all[] = {longs, few, around};
    for (unsigned i = 0; i < 3; i++) {
        run_often(engine, all[i], 6);
        assert_int_equal(summary_of(all[i]).lanes, 0);
        weir_graph_destroy(all[i]);
    }
    weir_engine_close(engine);
}

static int plan_again(void *arg)
{
    return (int)weir_graph_plan(*(weir_graph **)arg, 0);
}

static void a_wrong_call_says_what_is_wrong(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    weir_graph *body = chain_of(2, nothing), *graph = NULL;
    weir_task task;
    (void)state;
    assert_ok(weir_graph_create(&graph));
    assert_status(WEIR_EINVAL, weir_graph_plan(graph, 4));
    assert_string_equal(weir_last_error()->where, "allowed");
    assert_contains(weir_last_error()->text, "allowed is 4");
    assert_ok(weir_graph_compile(body));
    assert_ok(weir_graph_if(graph, NULL, nothing, NULL, body, NULL, &task));
    assert_status(WEIR_EINVAL, weir_graph_plan(body, 0));
    assert_ok(weir_graph_add(graph, NULL, plan_again, &graph, &task));
    assert_ok(weir_graph_compile(graph));
    assert_status(WEIR_EOP, weir_graph_run(engine, graph));
    assert_int_equal(weir_last_error()->code, WEIR_EBUSY);
    assert_ok(weir_graph_plan(graph, 3));
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

/* ---- what a planned run is like ---- */

static void make_planned(dag *d, weir_engine *engine, uint32_t lanes, uint64_t *random, uint32_t n)
{
    dag_make(d, random, n);
    d->engine = engine;
    dag_run(d, engine);
    plan_at_random(d->graph, lanes, weir_engine_workers(engine), random);
}

static void any_number_of_workers_runs_any_number_of_lanes(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (unsigned workers = 1; workers <= 6; workers++)
        for (uint32_t lanes = 1; lanes <= 9; lanes += 2) {
            weir_engine *engine = open_engine(workers, 0, 0);
            dag d;
            make_planned(&d, engine, lanes, &random, 400);
            for (int run = 0; run < 5; run++) {
                weir_stats s;
                d.delay_one_in = run == 1 ? 50 : 0;
                dag_run(&d, engine);
                weir_engine_stats(engine, &s);
                assert_int_equal(s.branches, d.n);
                assert_true(s.peak_in_flight <= s.promotions);
                assert_int_equal(s.peak_bytes, 0);
            }
            dag_free(&d);
            assert_tree_runs(engine, 3, 4);
            weir_engine_close(engine);
        }
}

static void a_graph_may_follow_its_plan_on_other_engines(void **state)
{
    static const unsigned others[] = {1, 2, 8, 3};
    weir_engine *engine = open_engine(4, 0, 0);
    uint64_t random = 2;
    dag d;
    (void)state;
    make_planned(&d, engine, 4, &random, 1000);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        weir_engine *other = open_engine(others[i], i == 2 ? 1 : 0, 0);
        dag_run(&d, other);
        assert_non_null(d.graph->execution->sample.lanes);
        dag_run(&d, engine);
        for (int run = 0; run < 8; run++)
            dag_run(&d, other); /* where it gets another */
        for (int run = 0; run < 8; run++)
            dag_run(&d, engine);
        plan_at_random(d.graph, 4, 4, &random);
        weir_engine_close(other);
    }
    dag_free(&d);
    weir_engine_close(engine);
}

/* Does `where` name the task, or a range of the family with it? */
static bool names(const dag *d, uint32_t t, const char *where)
{
    char name[32];
    (void)weir__graph_name(d->graph, t, name, sizeof name);
    return strcmp(where, name) == 0;
}

static void each_task_that_fails_is_named_and_the_graph_runs_again(void **state)
{
    uint64_t random = 3;
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        dag d;
        make_planned(&d, engine, workers + 1, &random, 120);
        for (uint32_t t = 0; t < d.n; t++) {
            dag_reset(&d);
            d.fails_at = t;
            assert_status(WEIR_EOP, weir_graph_run(engine, d.graph));
            assert_int_equal(weir_last_error()->code, 42);
            assert_true(names(&d, t, weir_last_error()->where));
            d.fails_at = d.n;
            dag_check_stopped(&d);
            if (t % 8 == 0)
                dag_run(&d, engine);
        }
        dag_free(&d);
        weir_engine_close(engine);
    }
}

static void each_task_may_cancel_the_run(void **state)
{
    uint64_t random = 4;
    weir_engine *engine = open_engine(3, 0, 0);
    dag d;
    (void)state;
    make_planned(&d, engine, 3, &random, 100);
    for (uint32_t t = 0; t < d.n; t++) {
        dag_reset(&d);
        d.cancels_at = t;
        assert_status(WEIR_ECANCEL, weir_graph_run(engine, d.graph));
        d.cancels_at = d.n;
        dag_check_stopped(&d);
    }
    dag_run(&d, engine);
    dag_free(&d);
    weir_engine_close(engine);
}

/* ---- what tasks hold ---- */

enum { HOLDERS = 200 };

typedef struct holding {
    weir_graph *graph;
    atomic_uint ran[HOLDERS], released[HOLDERS], wrong;
} holding;

static int run_holder(void *arg, const uint32_t *index, uint32_t count)
{
    holding *h = arg;
    for (uint32_t i = 0; i < count; i++)
        atomic_fetch_add(&h->ran[index[i]], 1);
    return 0;
}

static void release_family(void *arg)
{
    holding *h = arg;
    atomic_fetch_add(&h->released[0], 1);
}

static void what_tasks_hold_is_released_once_in_runs_that_follow_a_plan(void **state)
{
    uint64_t random = 5;
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        static holding h;
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_task first;
        h = (holding){0};
        assert_ok(weir_graph_create(&h.graph));
        assert_ok(weir_graph_add_many(h.graph, "rows", HOLDERS, run_holder, &h, &first));
        for (uint32_t i = 0; i < HOLDERS; i++) {
            assert_ok(weir_graph_release(h.graph, i, release_family));
            assert_ok(weir_graph_hold(h.graph, i, 10));
            if (i >= 8)
                assert_ok(weir_graph_before(h.graph, i - 1 - i % 8, i));
        }
        assert_ok(weir_graph_compile(h.graph));
        assert_ok(weir_graph_run(engine, h.graph));
        plan_at_random(h.graph, 3, workers, &random);
        for (unsigned run = 2; run <= 5; run++) {
            assert_ok(weir_graph_run(engine, h.graph));
            for (uint32_t i = 0; i < HOLDERS; i++)
                assert_int_equal(atomic_load(&h.ran[i]), run);
            assert_int_equal(atomic_load(&h.released[0]), run * HOLDERS);
        }
        weir_graph_destroy(h.graph);
        weir_engine_close(engine);
    }
}

static void within_fewer_bytes_a_run_decides_as_it_goes(void **state)
{
    weir_engine *engine = open_engine(2, 0, 3000), *wide = open_engine(2, 0, 0);
    weir_graph *graph = chain_of(0, nothing);
    weir_task task;
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        assert_ok(weir_graph_add(graph, NULL, nothing, NULL, &task));
        assert_ok(weir_graph_scratch(graph, task, 1000));
    }
    assert_ok(weir_graph_compile(graph));
    run_often(engine, graph, 5);
    assert_int_equal(summary_of(graph).lanes, 0);
    run_often(wide, graph, 5);
    assert_true(summary_of(graph).lanes > 0);
    run_often(engine, graph, 1); /* though there is a plan */
    weir_graph_destroy(graph);
    weir_engine_close(wide);
    weir_engine_close(engine);
}

/* ---- beside other work ---- */

static void planned_graphs_run_in_tasks_and_in_stages(void **state)
{
    uint64_t random = 6;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_graph *outer;
        weir_task task;
        dag d;
        make_planned(&d, engine, workers, &random, 300);
        assert_ok(weir_graph_create(&outer));
        assert_ok(weir_graph_add(outer, "outer", run_dag, &d, &task));
        assert_ok(weir_graph_compile(outer));
        for (int run = 0; run < 5; run++) {
            dag_reset(&d);
            d.salt++;
            assert_ok(weir_graph_run(engine, outer));
            dag_check(&d);
        }
        assert_runs_in_stage(&d, d.graph);
        weir_graph_destroy(outer);
        dag_free(&d);
        weir_engine_close(engine);
    }
}

/* What tasks run that run a pipeline. */
typedef struct grove {
    weir_engine *engine;
    weir_plan *plan;
    tree context;
    atomic_uint wrong, runs;
} grove;

static int run_tree(void *arg)
{
    grove *g = arg;
    const tree_node in = {.id = 1, .height = 4};
    uint64_t out = 0;
    if (weir_run(g->engine, g->plan, &g->context, &in, &out) != WEIR_OK ||
        out != tree_answer(in, 3))
        atomic_fetch_add(&g->wrong, 1);
    atomic_fetch_add(&g->runs, 1);
    return 0;
}

static void tasks_of_planned_graphs_run_pipelines_that_others_help_with(void **state)
{
    uint64_t random = 7;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_layer layer;
        tree_describe(&layer, 3, 4);
        grove g = {.engine = engine, .plan = compile(&layer), .context = {.fanout = 3}};
        weir_graph *graph = NULL;
        weir_task task;
        assert_ok(weir_graph_create(&graph));
        for (uint32_t i = 0; i < 60; i++) {
            assert_ok(weir_graph_add(graph, NULL, run_tree, &g, &task));
            if (i > 2)
                assert_ok(weir_graph_before(graph, i - 3 + i % 2, task));
        }
        assert_ok(weir_graph_compile(graph));
        assert_ok(weir_graph_run(engine, graph));
        plan_at_random(graph, 3, workers, &random);
        run_often(engine, graph, 10);
        assert_int_equal(atomic_load(&g.wrong), 0);
        assert_int_equal(atomic_load(&g.runs), 11 * 60);
        weir_graph_destroy(graph);
        weir_plan_free(g.plan);
        weir_engine_close(engine);
    }
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chain_of_tiny_tasks_is_one_lane_after_its_first_runs),
        TEST(a_graph_has_only_plans_that_it_may_have),
        TEST(long_tasks_few_tasks_and_bodies_have_no_plan),
        TEST(a_wrong_call_says_what_is_wrong),
        TEST(any_number_of_workers_runs_any_number_of_lanes),
        TEST(a_graph_may_follow_its_plan_on_other_engines),
        TEST(each_task_that_fails_is_named_and_the_graph_runs_again),
        TEST(each_task_may_cancel_the_run),
        TEST(what_tasks_hold_is_released_once_in_runs_that_follow_a_plan),
        TEST(within_fewer_bytes_a_run_decides_as_it_goes),
        TEST(planned_graphs_run_in_tasks_and_in_stages),
        TEST(tasks_of_planned_graphs_run_pipelines_that_others_help_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
