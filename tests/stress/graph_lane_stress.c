/* Random graphs that follow random plans under random delays: each task runs once, after all its
 * predecessors, no lane is left behind, failures and cancels stop a run and nothing else.
 *
 * As graph_stress.c, with WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED. */
#include "dag_support.h"

#include "lane_support.h"
#include "stress/dag_stress.h"

/* A graph of some hundred tasks that has run once, and follows a plan. */
static void make_planned(dag *d, weir_engine *engine, uint64_t *random)
{
    dag_make(d, random, some_size(random));
    d->engine = engine;
    dag_run(d, engine);
    d->delay_one_in = draw(random, 2) == 0 ? 1 + draw(random, 100) : 0;
    plan_at_random(d->graph, 1 + (uint32_t)draw(random, 16), weir_engine_workers(engine), random);
}

static bool has_plan(const dag *d)
{
    return d->graph->execution->sample.lanes != NULL;
}

static void planned_graphs_run_each_task_once_in_order(void **state)
{
    (void)state;
    stress_runs(make_planned, has_plan);
}

static void a_cancel_at_any_moment_leaves_a_planned_graph_clean(void **state)
{
    (void)state;
    stress_cancels(make_planned);
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

static void make_nest(nest *n, uint64_t *random)
{
    const unsigned workers = weir_engine_workers(n->engine);
    weir_task task;
    assert_ok(weir_graph_create(&n->outer));
    for (unsigned i = 0; i < INNER; i++) {
        make_planned(&n->inner[i], n->engine, random);
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
        n.engine = open_some_engine(&random);
        make_nest(&n, &random);
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

static void planned_bodies_end_as_they_must(void **state)
{
    static repeated r[LOOPS];
    uint64_t seed = 4000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        note_seed(seed);
        weir_engine *engine = open_some_engine(&random);
        weir_graph *graph = make_loops(r, 1, engine, &random);
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        for (unsigned i = 0; i < LOOPS; i++)
            plan_at_random(r[i].body.graph, 1 + (uint32_t)draw(&random, 6),
                           weir_engine_workers(engine), &random);
        weir__testing_seed(mix(seed, 4));
        dag *one = &r[draw(&random, LOOPS)].body;
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        assert_int_equal(run_loops(r, engine, graph, one, NULL, &random), WEIR_EOP);
        assert_contains(weir_last_error()->where, "loop[0]/");
        assert_int_equal(run_loops(r, engine, graph, NULL, one, &random), WEIR_ECANCEL);
        assert_int_equal(run_loops(r, engine, graph, NULL, NULL, &random), WEIR_OK);
        weir__testing_seed(0);
        free_loops(r, graph);
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
