/* Tests that a graph's tasks run once each, after their predecessors, on engines of every size, time and
 * again; and that it may run in ops of every kind, and ops of every kind in it.
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
    weir_graph *graph, *inner;
    weir_status got;
    int code; /* what an op returns */
    atomic_uint there, runs;
    atomic_bool wrong;
    void *context;
} small;

static weir_graph *make_graph(const char *name, int (*op)(void *arg), void *arg)
{
    weir_graph *graph;
    weir_task task;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_add(graph, name, op, arg, &task));
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static int run_itself(void *arg)
{
    small *s = arg;
    s->got = weir_graph_run(s->engine, s->graph);
    return 0;
}

static void a_graph_is_busy_in_its_own_ops(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        small s = {.engine = open_engine(workers, 0, 0)};
        s.graph = make_graph("itself", run_itself, &s);
        assert_ok(weir_graph_run(s.engine, s.graph));
        assert_status(WEIR_EBUSY, s.got);
        s.got = WEIR_OK;
        assert_ok(weir_graph_run(s.engine, s.graph));
        assert_status(WEIR_EBUSY, s.got);
        weir_graph_destroy(s.graph);
        weir_engine_close(s.engine);
    }
}

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

static int nothing(void *arg)
{
    (void)arg;
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

/* ---- runs in runs ---- */

static int run_inner(void *arg)
{
    small *s = arg;
    atomic_fetch_add(&s->runs, 1);
    s->got = weir_graph_run(s->engine, s->inner);
    return s->got;
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
        small middle[INNER];
        weir_graph *outer;
        weir_task task;
        assert_ok(weir_graph_create(&outer));
        for (unsigned i = 0; i < INNER; i++) {
            dag_make(&inner[i], &random, 300);
            inner[i].engine = engine;
            middle[i] = (small){.engine = engine};
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
    return ((small *)arg)->code;
}

static void a_failure_names_the_path_through_nested_runs(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        small innermost = {.code = 5}, middle = {.engine = engine}, outer = {.engine = engine};
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
    small deep[DEEP] = {{.code = 5}};
    (void)state;
    deep[0].graph = make_graph("the innermost of them", fail_with, &deep[0]);
    for (unsigned i = 1; i < DEEP; i++) {
        deep[i] = (small){.engine = engine, .inner = deep[i - 1].graph};
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
    small *s = arg;
    (void)weir_graph_run(s->engine, s->inner);
    return 0;
}

static void a_failure_that_an_op_has_dealt_with_is_not_in_the_path(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    small s = {.engine = engine, .code = 5};
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

/* A stage that runs a graph for each item. */
static int run_for_item(void *stage_state, const void *const *items, weir_yielder *y)
{
    dag *d = stage_state;
    dag_reset(d);
    const int code = weir_graph_run(d->engine, d->graph);
    if (code != 0 || atomic_load(&d->begun) != d->n || atomic_load(&d->wrong) != 0)
        return 1;
    return weir_yield(y, items[0]);
}

static void graphs_run_in_stages(void **state)
{
    uint64_t random = 8;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        numbers source = {.n = 30};
        dag d;
        dag_make(&d, &random, 300);
        d.engine = engine;
        weir_stream *s = open_stream(engine);
        const weir_stage in = add_numbers(s, "in", 4, &source);
        const weir_stage_options o = stage_of("graph", 1, 4, &d);
        weir_stage last;
        assert_ok(weir_stream_stage(s, &o, run_for_item, 1, &in, &last));
        assert_ok(weir_stream_start(s));
        for (uint64_t i = 0; i < 30; i++)
            expect_number(s, last, i);
        assert_ok(weir_stream_close(s));
        dag_free(&d);
        weir_engine_close(engine);
    }
}

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

/* Two threads, one graph: one of them at a time gets it. */
static void a_graph_that_another_thread_runs_is_busy(void **state)
{
    small s = {.engine = open_engine(2, 0, 0)};
    weir_engine *other = open_engine(1, 0, 0);
    runner r = {.engine = s.engine, .times = 1};
    pthread_t thread;
    (void)state;
    uint64_t random = 10;
    dag_make(&r.d, &random, 50);
    r.d.delay_one_in = 1;
    assert_int_equal(pthread_create(&thread, NULL, run_often, &r), 0);
    while (atomic_load(&r.d.begun) == 0)
        nap(20);
    const weir_status got = weir_graph_run(other, r.d.graph);
    const bool was_over = atomic_load(&r.done);
    pthread_join(thread, NULL);
    if (!was_over)
        assert_int_equal(got, WEIR_EBUSY);
    dag_run(&r.d, other);
    dag_free(&r.d);
    weir_engine_close(other);
    weir_engine_close(s.engine);
}

/* ---- the floating-point mode ---- */

static int look_at_mode(void *arg)
{
    small *s = arg;
    if (fegetround() != s->code)
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
            s.code = modes[run % 3];
            fesetround(s.code);
            assert_ok(weir_graph_run(s.engine, s.graph));
            assert_int_equal(fegetround(), s.code);
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
        cmocka_unit_test(a_graph_is_busy_in_its_own_ops),
        cmocka_unit_test(ops_find_their_context_and_worker),
        cmocka_unit_test(two_ready_tasks_run_at_once_on_two_workers),
        cmocka_unit_test(short_tasks_of_a_family_are_called_for_several_at_a_time),
        cmocka_unit_test(a_failed_task_stops_the_run_and_is_named),
        cmocka_unit_test(a_family_that_names_no_member_fails_as_a_range),
        cmocka_unit_test(a_cancel_stops_the_run_and_the_next_one_runs),
        cmocka_unit_test(an_op_that_asks_learns_that_the_run_stops),
        cmocka_unit_test(graphs_run_in_ops_of_graphs_three_deep),
        cmocka_unit_test(a_failure_names_the_path_through_nested_runs),
        cmocka_unit_test(a_long_path_is_cut_in_the_middle),
        cmocka_unit_test(a_failure_that_an_op_has_dealt_with_is_not_in_the_path),
        cmocka_unit_test(graphs_run_in_leaves_of_pipelines),
        cmocka_unit_test(pipelines_run_in_tasks),
        cmocka_unit_test(graphs_run_in_stages),
        cmocka_unit_test(graphs_of_several_threads_run_at_a_time_beside_a_stream),
        cmocka_unit_test(a_graph_that_another_thread_runs_is_busy),
        cmocka_unit_test(tasks_have_the_mode_of_the_thread_that_runs_the_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
