/* Tests that a graph that runs can be neither run nor planned nor described meanwhile, by its own ops or by
 * other threads, and that all of that can be done afterwards.
 *
 * Run by ctest.  Ops never assert: they note what they saw. */
#include "dag_support.h"

typedef struct busy {
    weir_engine *engine;
    weir_graph *graph;
    weir_status got;
    atomic_uint there, runs;
    atomic_bool wrong;
} busy;

static int run_itself(void *arg)
{
    busy *s = arg;
    s->got = weir_graph_run(s->engine, s->graph);
    if (weir_graph_plan(s->graph, 0) != WEIR_EBUSY)
        atomic_store(&s->wrong, true);
    return 0;
}

static void a_graph_is_busy_in_its_own_ops(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        busy s = {.engine = open_engine(workers, 0, 0)};
        s.graph = make_graph("itself", run_itself, &s);
        assert_ok(weir_graph_run(s.engine, s.graph));
        assert_int_equal(s.got, WEIR_EBUSY);
        s.got = WEIR_OK;
        assert_ok(weir_graph_run(s.engine, s.graph));
        assert_int_equal(s.got, WEIR_EBUSY);
        assert_false(atomic_load(&s.wrong));
        weir_graph_destroy(s.graph);
        weir_engine_close(s.engine);
    }
}

/* Its runs change what a description and an advice go by. */
static int describe_itself(void *arg)
{
    busy *s = arg;
    weir_graph_summary summary = {.tasks = 17};
    uint64_t bytes = 18;
    if (weir_graph_describe(s->graph, &summary) != WEIR_EBUSY ||
        weir_graph_advise(s->graph, 2, 0.9, &bytes) != WEIR_EBUSY)
        atomic_store(&s->wrong, true);
    if (summary.tasks != 17 || bytes != 18)
        atomic_store(&s->wrong, true);
    atomic_fetch_add(&s->runs, 1);
    return 0;
}

static int always(void *arg)
{
    return atomic_load(&((busy *)arg)->runs) % 3 != 2; /* twice, and once beside the body */
}

static void a_graph_is_not_described_while_it_or_what_it_is_a_body_of_runs(void **state)
{
    weir_graph_summary summary;
    uint64_t bytes;
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        busy s = {.engine = open_engine(workers, 0, 0)};
        weir_graph *outer;
        weir_task task, beside;
        s.graph = make_graph("inner", describe_itself, &s);
        assert_ok(weir_graph_run(s.engine, s.graph));
        assert_int_equal(atomic_load(&s.runs), 1);
        assert_ok(weir_graph_describe(s.graph, &summary));
        assert_ok(weir_graph_advise(s.graph, 2, 0.9, &bytes));
        atomic_store(&s.runs, 0);
        assert_ok(weir_graph_create(&outer));
        assert_ok(weir_graph_while(outer, "outer", always, &s, s.graph, &task));
        assert_ok(weir_graph_add(outer, "beside", describe_itself, &s, &beside));
        assert_ok(weir_graph_before(outer, task, beside));
        assert_ok(weir_graph_compile(outer));
        for (int run = 0; run < 3; run++)
            assert_ok(weir_graph_run(s.engine, outer));
        assert_int_equal(atomic_load(&s.runs), 9);
        assert_false(atomic_load(&s.wrong));
        assert_ok(weir_graph_describe(s.graph, &summary));
        assert_int_equal(summary.tasks, 1);
        weir_graph_destroy(outer);
        weir_engine_close(s.engine);
    }
}

/* Waits until it may end. */
static int wait_for_word(void *arg)
{
    busy *s = arg;
    atomic_store(&s->there, 1);
    while (atomic_load(&s->there) == 1)
        nap(50);
    return 0;
}

static void *run_graph(void *arg)
{
    busy *s = arg;
    s->got = weir_graph_run(s->engine, s->graph);
    return NULL;
}

static void a_graph_that_another_thread_runs_is_busy(void **state)
{
    busy s = {.engine = open_engine(2, 0, 0)};
    weir_engine *other = open_engine(1, 0, 0);
    weir_graph_summary summary;
    pthread_t thread;
    uint64_t bytes;
    (void)state;
    s.graph = make_graph("waits", wait_for_word, &s);
    assert_int_equal(pthread_create(&thread, NULL, run_graph, &s), 0);
    while (atomic_load(&s.there) == 0)
        nap(50);
    const weir_status got = weir_graph_run(other, s.graph);
    const weir_status planned = weir_graph_plan(s.graph, 0);
    const weir_status described = weir_graph_describe(s.graph, &summary);
    const weir_status advised = weir_graph_advise(s.graph, 2, 0.9, &bytes);
    atomic_store(&s.there, 2);
    pthread_join(thread, NULL);
    assert_ok(s.got);
    assert_int_equal(got, WEIR_EBUSY);
    assert_int_equal(planned, WEIR_EBUSY);
    assert_int_equal(described, WEIR_EBUSY);
    assert_int_equal(advised, WEIR_EBUSY);
    assert_ok(weir_graph_describe(s.graph, &summary));
    weir_graph_destroy(s.graph);
    weir_engine_close(other);
    weir_engine_close(s.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_is_busy_in_its_own_ops),
        cmocka_unit_test(a_graph_is_not_described_while_it_or_what_it_is_a_body_of_runs),
        cmocka_unit_test(a_graph_that_another_thread_runs_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
