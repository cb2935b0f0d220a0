/* Tests that graphs run in ops of graphs, in leaves and stages, and pipelines in tasks; that a failure names
 * the way to it; and that graphs run beside each other and beside a stream.
 *
 * Run by ctest.  The oracle is a sequential walk of the same graph (dag_support.h). */
#include "dag_support.h"

/* ---- runs in runs ---- */

/* What an op knows that runs a graph, or fails. */
typedef struct nest {
    weir_engine *engine;
    weir_graph *graph, *inner;
    int code;
} nest;

static int run_inner(void *arg)
{
    nest *s = arg;
    return weir_graph_run(s->engine, s->inner);
}

/* A graph of graphs of graphs. */
static void graphs_run_in_ops_of_graphs_three_deep(void **state)
{
    uint64_t random = 6;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        enum { INNER = 6 };
        weir_engine *engine = open_engine(workers, 0, 0);
        dag inner[INNER];
        nest middle[INNER];
        weir_graph *outer;
        weir_task task;
        assert_ok(weir_graph_create(&outer));
        for (unsigned i = 0; i < INNER; i++) {
            dag_make(&inner[i], &random, 300);
            inner[i].engine = engine;
            middle[i] = (nest){.engine = engine};
            middle[i].inner = make_graph("middle", run_dag, &inner[i]);
            assert_ok(weir_graph_add(outer, "outer", run_inner, &middle[i], &task));
            if (i % 3 == 2)
                assert_ok(weir_graph_before(outer, task - 1, task));
        }
        assert_ok(weir_graph_compile(outer));
        for (int run = 0; run < 10; run++) {
            for (unsigned i = 0; i < INNER; i++) {
                dag_reset(&inner[i]);
                inner[i].salt++;
            }
            assert_ok(weir_graph_run(engine, outer));
            uint64_t branches = 2 * INNER;
            for (unsigned i = 0; i < INNER; i++) {
                dag_check(&inner[i]);
                branches += inner[i].n;
            }
            weir_stats s;
            weir_engine_stats(engine, &s);
            assert_int_equal(s.branches, branches);
        }
        for (unsigned i = 0; i < INNER; i++) {
            weir_graph_destroy(middle[i].inner);
            dag_free(&inner[i]);
        }
        weir_graph_destroy(outer);
        weir_engine_close(engine);
    }
}

static int fail_with(void *arg)
{
    return ((nest *)arg)->code;
}

static void a_failure_names_the_path_through_nested_runs(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        nest innermost = {.code = 5}, middle = {.engine = engine}, outer = {.engine = engine};
        middle.inner = make_graph("c", fail_with, &innermost);
        outer.inner = make_graph("b", run_inner, &middle);
        outer.graph = make_graph("a", run_inner, &outer);
        assert_status(WEIR_EOP, weir_graph_run(engine, outer.graph));
        assert_string_equal(weir_last_error()->where, "a > b > c");
        assert_int_equal(weir_last_error()->code, WEIR_EOP);
        innermost.code = 0;
        assert_ok(weir_graph_run(engine, outer.graph));
        weir_graph_destroy(outer.graph);
        weir_graph_destroy(outer.inner);
        weir_graph_destroy(middle.inner);
        weir_engine_close(engine);
    }
}

static void a_long_path_is_cut_in_the_middle(void **state)
{
    enum { DEEP = 40 };
    weir_engine *engine = open_engine(1, 0, 0);
    nest deep[DEEP] = {{.code = 5}};
    (void)state;
    deep[0].graph = make_graph("the innermost of them", fail_with, &deep[0]);
    for (unsigned i = 1; i < DEEP; i++) {
        deep[i] = (nest){.engine = engine, .inner = deep[i - 1].graph};
        deep[i].graph = make_graph(i == DEEP - 1 ? "outermost" : "größer", run_inner, &deep[i]);
    }
    assert_status(WEIR_EOP, weir_graph_run(engine, deep[DEEP - 1].graph));
    const char *where = weir_last_error()->where;
    assert_memory_equal(where, "outermost > größer > ", strlen("outermost > größer > "));
    assert_contains(where, "…");
    assert_string_equal(where + strlen(where) - strlen(" > the innermost of them"),
                        " > the innermost of them");
    for (unsigned i = 0; i < DEEP; i++)
        weir_graph_destroy(deep[i].graph);
    weir_engine_close(engine);
}

static int deal_with_it(void *arg)
{
    nest *s = arg;
    (void)weir_graph_run(s->engine, s->inner);
    return 0;
}

static void a_failure_that_an_op_has_dealt_with_is_not_in_the_path(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    nest s = {.engine = engine, .code = 5};
    weir_task dealt, fails;
    (void)state;
    s.inner = make_graph("inner", fail_with, &s);
    assert_ok(weir_graph_create(&s.graph));
    assert_ok(weir_graph_add(s.graph, "deals", deal_with_it, &s, &dealt));
    assert_ok(weir_graph_add(s.graph, "fails", fail_with, &s, &fails));
    assert_ok(weir_graph_before(s.graph, dealt, fails));
    assert_ok(weir_graph_compile(s.graph));
    assert_status(WEIR_EOP, weir_graph_run(engine, s.graph));
    assert_string_equal(weir_last_error()->where, "fails");
    weir_graph_destroy(s.graph);
    weir_graph_destroy(s.inner);
    weir_engine_close(engine);
}

/* ---- beside pipelines and streams ---- */

/* A list of leaves that run a graph each. */
typedef struct forest {
    weir_engine *engine;
    dag *dag;
} forest;

static int split_number(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    *(uint32_t *)child = i;
    return 0;
}

static int leaf_graph(weir_branch *b, const void *in, void *out)
{
    const forest *f = weir_context(b);
    *(uint32_t *)out = 1;
    return weir_graph_run(f->engine, f->dag[*(const uint32_t *)in].graph);
}

static int gather_count(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)b, (void)in;
    *(uint32_t *)out = 0;
    for (uint32_t i = 0; i < n; i++)
        *(uint32_t *)out += ((const uint32_t *)results)[i];
    return 0;
}

enum { LEAVES = 8 };

static weir_plan *compile_leaves(void)
{
    weir_layer leaf = {.name = "leaf", .in_bytes = 4, .out_bytes = 4, .leaf = leaf_graph};
    weir_layer top = {.name = "top",
                      .out_bytes = 4,
                      .fanout = LEAVES,
                      .split = split_number,
                      .gather = gather_count,
                      .child = &leaf};
    return compile(&top);
}

static void graphs_run_in_leaves_of_pipelines(void **state)
{
    uint64_t random = 7;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        dag d[LEAVES];
        forest f = {open_engine(workers, 0, 0), d};
        weir_plan *plan = compile_leaves();
        for (unsigned i = 0; i < LEAVES; i++)
            dag_make(&d[i], &random, 400);
        for (int run = 0; run < 10; run++) {
            uint32_t out = 0;
            for (unsigned i = 0; i < LEAVES; i++)
                dag_reset(&d[i]);
            assert_ok(weir_run(f.engine, plan, &f, NULL, &out));
            assert_int_equal(out, LEAVES);
            for (unsigned i = 0; i < LEAVES; i++)
                dag_check(&d[i]);
        }
        d[3].fails_at = 0;
        uint32_t out;
        assert_status(WEIR_EOP, weir_run(f.engine, plan, &f, NULL, &out));
        assert_contains(weir_last_error()->where, "top/leaf[3] > ");
        for (unsigned i = 0; i < LEAVES; i++)
            dag_free(&d[i]);
        weir_plan_free(plan);
        weir_engine_close(f.engine);
    }
}

/* A task that runs a tree. */
typedef struct grower {
    weir_engine *engine;
    const weir_plan *plan;
    uint64_t out;
} grower;

static const tree_node tree_top = {.id = 1, .height = 6};

static int grow_tree(void *arg)
{
    grower *g = arg;
    tree context = {.fanout = 3};
    return weir_run(g->engine, g->plan, &context, &tree_top, &g->out);
}

static void pipelines_run_in_tasks(void **state)
{
    enum { TREES = 20 };
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        grower g[TREES];
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_layer layer;
        weir_graph *graph;
        weir_task task;
        tree_describe(&layer, 3, 6);
        weir_plan *plan = compile(&layer);
        assert_ok(weir_graph_create(&graph));
        for (unsigned i = 0; i < TREES; i++) {
            g[i] = (grower){engine, plan, 0};
            assert_ok(weir_graph_add(graph, "tree", grow_tree, &g[i], &task));
            if (i > 2)
                assert_ok(weir_graph_before(graph, task - 3, task));
        }
        assert_ok(weir_graph_compile(graph));
        for (int run = 0; run < 5; run++) {
            assert_ok(weir_graph_run(engine, graph));
            for (unsigned i = 0; i < TREES; i++) {
                assert_true(g[i].out == tree_answer(tree_top, 3));
                g[i].out = 0;
            }
        }
        weir_graph_destroy(graph);
        weir_plan_free(plan);
        weir_engine_close(engine);
    }
}

static void graphs_run_in_stages(void **state)
{
    uint64_t random = 8;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        dag d;
        dag_make(&d, &random, 300);
        d.engine = open_engine(workers, 0, 0);
        assert_runs_in_stage(&d, d.graph);
        weir_engine_close(d.engine);
        dag_free(&d);
    }
}

/* ---- beside other threads ---- */

typedef struct runner {
    weir_engine *engine;
    dag d;
    unsigned times;
    const char *wrong;
    atomic_bool done;
} runner;

static void *run_often(void *argument)
{
    runner *r = argument;
    for (unsigned i = 0; i < r->times && r->wrong == NULL; i++) {
        dag_reset(&r->d);
        if (weir_graph_run(r->engine, r->d.graph) != WEIR_OK)
            r->wrong = weir_last_error()->text;
        else if (atomic_load(&r->d.begun) != r->d.n || atomic_load(&r->d.wrong) != 0)
            r->wrong = "order";
    }
    atomic_store(&r->done, true);
    return NULL;
}

static void graphs_of_several_threads_run_at_a_time_beside_a_stream(void **state)
{
    enum { THREADS = 4 };
    uint64_t random = 9;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        static runner r[THREADS];
        pthread_t thread[THREADS];
        numbers source = {.n = UINT64_MAX};
        weir_engine *engine = open_engine(workers, 0, 0);
        weir_stream *s = open_stream(engine);
        const weir_stage in = add_numbers(s, "in", 16, &source);
        const weir_stage_options o = stage_of("change", 2, 16, NULL);
        uint64_t taken = 0;
        weir_stage last;
        assert_ok(weir_stream_stage(s, &o, change, 1, &in, &last));
        assert_ok(weir_stream_start(s));
        for (unsigned i = 0; i < THREADS; i++) {
            r[i] = (runner){.engine = engine, .times = 30 / SLOW_BUILD + 1};
            dag_make(&r[i].d, &random, 500);
            r[i].d.delay_one_in = i == 0 ? 50 : 0;
            assert_int_equal(pthread_create(&thread[i], NULL, run_often, &r[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            while (!atomic_load(&r[i].done))
                expect_number(s, last, changed(taken++));
            pthread_join(thread[i], NULL);
            if (r[i].wrong != NULL)
                fail_msg("of a run: %s", r[i].wrong);
            dag_check(&r[i].d);
            dag_free(&r[i].d);
        }
        assert_ok(weir_stream_close(s));
        assert_tree_runs(engine, 3, 4);
        weir_engine_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs_run_in_ops_of_graphs_three_deep),
        cmocka_unit_test(a_failure_names_the_path_through_nested_runs),
        cmocka_unit_test(a_long_path_is_cut_in_the_middle),
        cmocka_unit_test(a_failure_that_an_op_has_dealt_with_is_not_in_the_path),
        cmocka_unit_test(graphs_run_in_leaves_of_pipelines),
        cmocka_unit_test(pipelines_run_in_tasks),
        cmocka_unit_test(graphs_run_in_stages),
        cmocka_unit_test(graphs_of_several_threads_run_at_a_time_beside_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
