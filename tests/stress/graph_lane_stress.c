/* Random graphs that follow random plans under random delays: each task runs once, after all its
 * predecessors, no lane is left behind, failures and cancels stop a run and nothing else.
 *
 * As graph_stress.c, with WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED. */
#include "dag_support.h"

#include "base/testing.h"
#include "lane_support.h"
#include "stress/dag_stress.h"
#include "stress/rounds.h"

enum { DEFAULT_ROUNDS = 200 };

static uint64_t rounds(void)
{
    return environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS / SLOW_BUILD);
}

static unsigned some_workers(uint64_t *random)
{
    static const unsigned counts[] = {1, 2, 2, 3, 4, 5, 8, 16};
    return counts[draw(random, 8)];
}

static weir_engine *open_some_engine(unsigned workers, uint64_t *random)
{
    return open_engine(workers, draw(random, 4) == 0 ? (size_t)draw(random, 4) + 1 : 0, 0);
}

/* A graph of some hundred tasks that has run once, and follows a plan. */
static void make_planned(dag *d, weir_engine *engine, unsigned workers, uint64_t *random)
{
    dag_make(d, random, 1 + (uint32_t)draw(random, draw(random, 3) == 0 ? 30 : 600));
    d->engine = engine;
    dag_run(d, engine);
    d->delay_one_in = draw(random, 2) == 0 ? 1 + draw(random, 100) : 0;
    plan_at_random(d->graph, 1 + (uint32_t)draw(random, 16), workers, random);
}

static bool has_plan(const dag *d)
{
    return d->graph->execution->sample.lanes != NULL;
}

static void planned_graphs_run_each_task_once_in_order(void **state)
{
    uint64_t seed = environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds(); round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag d;
        note_seed(seed);
        const unsigned workers = some_workers(&random);
        weir_engine *engine = open_some_engine(workers, &random);
        weir_engine *other = open_some_engine(some_workers(&random), &random);
        make_planned(&d, engine, workers, &random);
        weir__testing_seed(mix(seed, 4));
        for (int i = 0; i < 3; i++)
            dag_run(&d, engine);
        run_and_fail(&d, engine, &random);
        dag_run(&d, draw(&random, 2) == 0 ? engine : other);
        weir__testing_seed(0);
        assert_true(has_plan(&d));
        dag_free(&d);
        weir_engine_close(other);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- cancels ---- */

static void a_cancel_at_any_moment_leaves_a_planned_graph_clean(void **state)
{
    uint64_t seed = 1000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        dag d;
        note_seed(seed);
        const unsigned workers = some_workers(&random);
        weir_engine *engine = open_some_engine(workers, &random);
        make_planned(&d, engine, workers, &random);
        weir__testing_seed(mix(seed, 4));
        for (int i = 0; i < 3; i++)
            run_and_cancel(&d, engine, &random);
        dag_run(&d, engine);
        weir__testing_seed(0);
        dag_free(&d);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- graphs in tasks ---- */

enum { INNER = 20 };

/* A graph whose tasks run graphs; each of both kinds follows a plan. */
typedef struct nest {
    weir_engine *engine;
    weir_graph *outer;
    dag inner[INNER];
} nest;

static void reset_inner(nest *n)
{
    for (unsigned i = 0; i < INNER; i++)
        dag_reset(&n->inner[i]);
}

static void make_nest(nest *n, unsigned workers, uint64_t *random)
{
    weir_task task;
    assert_ok(weir_graph_create(&n->outer));
    for (unsigned i = 0; i < INNER; i++) {
        make_planned(&n->inner[i], n->engine, workers, random);
        if (draw(random, 4) == 0)
            assert_ok(weir_graph_plan(n->inner[i].graph, 0));
        assert_ok(weir_graph_add(n->outer, "inner", run_dag, &n->inner[i], &task));
        if (i > 0 && draw(random, 3) == 0)
            assert_ok(weir_graph_before(n->outer, (weir_task)draw(random, i), task));
    }
    assert_ok(weir_graph_compile(n->outer));
    reset_inner(n);
    assert_ok(weir_graph_run(n->engine, n->outer));
    plan_at_random(n->outer, 1 + (uint32_t)draw(random, 8), workers, random);
}

static void planned_graphs_in_tasks_of_planned_graphs_end_as_they_must(void **state)
{
    static nest n;
    uint64_t seed = 2000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 8 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        note_seed(seed);
        const unsigned workers = some_workers(&random);
        n.engine = open_some_engine(workers, &random);
        make_nest(&n, workers, &random);
        weir__testing_seed(mix(seed, 4));
        for (int run = 0; run < 4; run++) {
            const bool fails = run == 1;
            dag *one = &n.inner[draw(&random, INNER)];
            reset_inner(&n);
            one->fails_at = fails ? (uint32_t)draw(&random, one->n) : one->n;
            const weir_status status = weir_graph_run(n.engine, n.outer);
            one->fails_at = one->n;
            assert_int_equal(status, fails ? WEIR_EOP : WEIR_OK);
            if (fails)
                assert_contains(weir_last_error()->where, "inner > ");
            for (unsigned i = 0; i < INNER; i++)
                fails ? dag_check_stopped(&n.inner[i]) : dag_check(&n.inner[i]);
        }
        weir__testing_seed(0);
        for (unsigned i = 0; i < INNER; i++)
            dag_free(&n.inner[i]);
        weir_graph_destroy(n.outer);
        weir_engine_close(n.engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

/* ---- bodies ---- */

enum { LOOPS = 4 };

/* A random graph that a task repeats. */
typedef struct repeated {
    dag body;
    unsigned asked, times;
    bool wrong;
} repeated;

static int more(void *arg)
{
    repeated *r = arg;
    r->wrong = r->wrong || atomic_load(&r->body.begun) != r->asked * r->body.n;
    return r->asked++ < r->times;
}

static weir_graph *make_loops(repeated *r, weir_engine *engine, uint64_t *random)
{
    weir_graph *graph;
    weir_task task;
    assert_ok(weir_graph_create(&graph));
    for (unsigned i = 0; i < LOOPS; i++) {
        r[i] = (repeated){.times = 1 + (unsigned)draw(random, 20)};
        dag_make(&r[i].body, random, 1 + (uint32_t)draw(random, 60));
        r[i].body.engine = engine;
        assert_ok(weir_graph_while(graph, "loop", more, &r[i], r[i].body.graph, &task));
        if (i > 0 && draw(random, 3) == 0)
            assert_ok(weir_graph_before(graph, (weir_task)draw(random, i), task));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

/* One of the bodies may fail in its first turn, or cancel the run. */
static weir_status run_loops(repeated *r, weir_engine *engine, weir_graph *graph, dag *fails,
                             dag *cancels, uint64_t *random)
{
    for (unsigned i = 0; i < LOOPS; i++) {
        dag_reset(&r[i].body);
        r[i].asked = 0;
    }
    if (fails != NULL)
        fails->fails_at = (uint32_t)draw(random, fails->n);
    if (cancels != NULL)
        cancels->cancels_at = (uint32_t)draw(random, cancels->n);
    const weir_status status = weir_graph_run(engine, graph);
    for (unsigned i = 0; i < LOOPS; i++) {
        r[i].body.fails_at = r[i].body.cancels_at = r[i].body.n;
        assert_false(r[i].wrong);
        assert_int_equal(atomic_load(&r[i].body.wrong), 0);
        if (status == WEIR_OK)
            assert_int_equal(r[i].asked, r[i].times + 1);
    }
    return status;
}

static void planned_bodies_end_as_they_must(void **state)
{
    static repeated r[LOOPS];
    uint64_t seed = 4000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        note_seed(seed);
        const unsigned workers = some_workers(&random);
        weir_engine *engine = open_some_engine(workers, &random);
        weir_graph *graph = make_loops(r, engine, &random);
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        for (unsigned i = 0; i < LOOPS; i++)
            plan_at_random(r[i].body.graph, 1 + (uint32_t)draw(&random, 6), workers, &random);
        weir__testing_seed(mix(seed, 4));
        dag *one = &r[draw(&random, LOOPS)].body;
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        assert_int_equal(run_loops(r, engine, graph, one, NULL, &random), WEIR_EOP);
        assert_contains(weir_last_error()->where, "loop[0]/");
        assert_int_equal(run_loops(r, engine, graph, NULL, one, &random), WEIR_ECANCEL);
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        weir__testing_seed(0);
        weir_graph_destroy(graph);
        for (unsigned i = 0; i < LOOPS; i++) {
            r[i].body.graph = NULL;
            dag_free(&r[i].body);
        }
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planned_graphs_run_each_task_once_in_order),
        cmocka_unit_test(a_cancel_at_any_moment_leaves_a_planned_graph_clean),
        cmocka_unit_test(planned_graphs_in_tasks_of_planned_graphs_end_as_they_must),
        cmocka_unit_test(planned_bodies_end_as_they_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
