/* Tests graphs that share what an engine may hold: in the ops of other runs, and beside each other.
 *
 * Run by ctest with the engine's internal headers.  Ops count what all of them hold together.  It must
 * never assert on a thread that is not cmocka's, nor in an op: those note what they saw. */
#include "callers_support.h"

#include "graph/book.h"
#include "sched/engine.h"

/* ---- graphs in ops ---- */

enum { INNER = 5 };

/* Graphs that tasks of one graph run, or leaves of a pipeline. */
typedef struct nest {
    hoard inner[INNER];
    weir_graph *outer; /* or NULL */
    bank all;
    uint64_t declared; /* the most that one needs */
} nest;

static int run_inner(hoard *h)
{
    dag_reset(&h->d);
    return weir_graph_run(h->d.engine, h->graph);
}

static int run_in_task(void *arg)
{
    return run_inner(arg);
}

static void make_nest(nest *n, uint64_t *random)
{
    weir_task task;
    n->declared = 0;
    assert_ok(weir_graph_create(&n->outer));
    for (unsigned i = 0; i < INNER; i++) {
        hoard *h = &n->inner[i];
        make_hoard(h, random, 1 + (uint32_t)draw(random, 60));
        const uint64_t least = weir_graph_serial_bytes(h->graph);
        n->declared = least > n->declared ? least : n->declared;
        h->all = &n->all;
        h->own.limit = INT64_MAX;
        assert_ok(weir_graph_add(n->outer, NULL, run_in_task, h, &task));
        assert_ok(weir_graph_nested(n->outer, task, (size_t)least));
    }
    assert_ok(weir_graph_compile(n->outer));
}

static void open_nest(nest *n, unsigned workers, uint64_t limit)
{
    weir_engine *engine = open_engine(workers, 0, (size_t)limit);
    atomic_store(&n->all.now, 0);
    n->all.limit = (int64_t)limit;
    for (unsigned i = 0; i < INNER; i++)
        n->inner[i].d.engine = engine;
}

static void check_and_close_nest(nest *n)
{
    weir_engine *engine = n->inner[0].d.engine;
    weir_stats s;
    weir_engine_stats(engine, &s);
    assert_true(s.peak_bytes <= s.certified_bytes);
    assert_true(s.certified_bytes <= weir_engine_max_bytes(engine));
    assert_int_equal(atomic_load(&n->all.now), 0);
    for (unsigned i = 0; i < INNER; i++) {
        check_hoard(&n->inner[i]);
        dag_check(&n->inner[i].d);
    }
    weir_engine_close(engine); /* which asserts that all bytes are back */
}

static void free_nest(nest *n)
{
    weir_graph_destroy(n->outer);
    for (unsigned i = 0; i < INNER; i++)
        free_hoard(&n->inner[i]);
}

static void graphs_in_tasks_of_one_hold_no_more_than_max_bytes_from_the_least_upwards(void **state)
{
    uint64_t random = 11;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        static nest n;
        make_nest(&n, &random);
        const uint64_t least = weir_graph_serial_bytes(n.outer);
        assert_int_equal(least, n.declared);
        for (uint64_t more = 0; more < 3 * least;
             more += more < 24 / SLOW_BUILD + 1 ? 1 : least / 4) {
            open_nest(&n, workers, least + more);
            assert_ok(weir_graph_run(n.inner[0].d.engine, n.outer));
            check_and_close_nest(&n);
        }
        free_nest(&n);
    }
}

static int count_inner(weir_branch *b, void *in, uint32_t *count)
{
    (void)b, (void)in;
    *count = INNER;
    return 0;
}

static int split_inner(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    memcpy(child, &i, sizeof i);
    return 0;
}

static int run_in_leaf(weir_branch *b, const void *in, void *out)
{
    nest *n = weir_context(b);
    uint32_t i;
    (void)out;
    memcpy(&i, in, sizeof i);
    return run_inner(&n->inner[i]);
}

static void graphs_in_leaves_of_a_pipeline_hold_no_more_than_max_bytes(void **state)
{
    uint64_t random = 12;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        static nest n;
        make_nest(&n, &random);
        const weir_layer leaf = {.name = "leaf",
                                 .in_bytes = sizeof(uint32_t),
                                 .leaf = run_in_leaf,
                                 .nested_bytes = (size_t)n.declared};
        const weir_layer top = {.name = "top",
                                .child = &leaf,
                                .fanout = INNER,
                                .count = count_inner,
                                .split = split_inner,
                                .gather = gather_nothing};
        weir_plan *plan = compile(&top);
        const uint64_t least = weir_plan_serial_bytes(plan);
        for (uint64_t more = 0; more < 4 * least;
             more += more < 8 / SLOW_BUILD + 1 ? 1 : least / 3) {
            open_nest(&n, workers, least + more);
            assert_ok(weir_run(n.inner[0].d.engine, plan, &n, NULL, NULL));
            check_and_close_nest(&n);
        }
        weir_plan_free(plan);
        free_nest(&n);
    }
}

/* Two tasks of 10 bytes each that can only end together, or after a while. */
typedef struct meeting {
    weir_graph *graph;
    weir_engine *engine;
    atomic_uint_least64_t here;
    unsigned wait_us;
    atomic_bool met;
} meeting;

static int meet(void *arg)
{
    meeting *m = arg;
    atomic_fetch_add(&m->here, 1);
    for (unsigned us = 0; us < m->wait_us && atomic_load(&m->here) < 2; us += 100)
        nap(100);
    if (atomic_load(&m->here) == 2)
        atomic_store(&m->met, true);
    else
        atomic_fetch_sub(&m->here, 1);
    return 0;
}

static int run_meeting(void *arg)
{
    meeting *m = arg;
    return weir_graph_run(m->engine, m->graph);
}

static weir_graph *make_meeting(meeting *m)
{
    weir_task task;
    weir_graph *graph = NULL;
    assert_ok(weir_graph_create(&graph));
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(weir_graph_add(graph, NULL, meet, m, &task));
        assert_ok(weir_graph_scratch(graph, task, 10));
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

/* Of a task that has declared the least. */
static void a_graph_in_a_task_starts_early_within_what_is_free(void **state)
{
    (void)state;
    for (unsigned bytes = 19; bytes <= 20; bytes++) {
        meeting m = {.wait_us = bytes < 20 ? 5000 : 20000000};
        weir_graph *outer = NULL;
        weir_task task;
        weir_stats s;
        m.graph = make_meeting(&m);
        assert_ok(weir_graph_create(&outer));
        assert_ok(weir_graph_add(outer, NULL, run_meeting, &m, &task));
        assert_ok(weir_graph_nested(outer, task, 10));
        assert_ok(weir_graph_compile(outer));
        m.engine = open_engine(2, 0, bytes);
        assert_ok(weir_graph_run(m.engine, outer));
        assert_int_equal(atomic_load(&m.met), bytes == 20);
        weir_engine_stats(m.engine, &s);
        assert_int_equal(s.peak_bytes, bytes == 20 ? 20 : 10);
        assert_int_equal(s.certified_bytes, bytes);
        weir_engine_close(m.engine);
        weir_graph_destroy(outer);
        weir_graph_destroy(m.graph);
    }
}

static void peak_bytes_are_what_was_booked_at_most(void **state)
{
    (void)state;
    meeting m = {.wait_us = 5000};
    weir_graph *graph = make_meeting(&m);
    weir_stats s;
    for (unsigned bytes = 10; bytes < 20; bytes++) {
        weir_engine *engine = open_engine(3, 0, bytes);
        assert_ok(weir_graph_run(engine, graph));
        weir_engine_stats(engine, &s);
        assert_int_equal(s.peak_bytes, 10);
        assert_int_equal(s.certified_bytes, bytes);
        weir_engine_close(engine);
    }
    weir_graph_destroy(graph);
}

/* ---- graphs beside each other ---- */

static void
graphs_beside_each_other_hold_no_more_than_max_bytes_from_the_least_upwards(void **state)
{
    uint64_t random = 13;
    (void)state;
    for (uint64_t more = 0; more < 16 / SLOW_BUILD + 1; more++)
        run_callers(&random, 1 + (unsigned)more % 4, more, 10, false);
    for (uint64_t more = 50; more < 2000; more *= 2)
        run_callers(&random, 1 + (unsigned)draw(&random, 4), more, 10, false);
}

static void graphs_that_stop_let_those_beside_them_go_on(void **state)
{
    uint64_t random = 14;
    (void)state;
    for (unsigned i = 0; i < 12 / SLOW_BUILD + 2; i++)
        run_callers(&random, 1 + i % 4, draw(&random, 200), 20, true);
}

static void one_byte_less_beside_a_stream_is_refused(void **state)
{
    meeting m = {.wait_us = 0};
    weir_graph *graph = make_meeting(&m);
    char text[32];
    open_region r;
    (void)state;
    open_a_region(&r, 2, 10);
    assert_ok(weir_graph_run(r.engine, graph));
    close_region(&r, false);
    open_a_region(&r, 2, 9);
    assert_status(WEIR_EBUDGET, weir_graph_run(r.engine, graph));
    assert_contains(weir_last_error()->text, "leaves 9");
    snprintf(text, sizeof text, "needs %u bytes", 10);
    assert_contains(weir_last_error()->text, text);
    close_region(&r, false);
    weir_graph_destroy(graph);
}

/* ---- a graph that waits, without a worker ---- */

/* An op that waits until it may go on, or its run stops. */
typedef struct barred {
    atomic_uint_least64_t begun, opened;
} barred;

static int pass_gate(void *arg)
{
    barred *g = arg;
    atomic_store(&g->begun, 1);
    while (atomic_load(&g->opened) == 0 && !weir_stopping(weir_here()))
        nap(100);
    return 0;
}

typedef struct gated {
    weir_engine *engine;
    weir_graph *graph;
    weir_status status;
    pthread_t thread;
} gated;

static void *run_gated(void *arg)
{
    gated *g = arg;
    g->status = weir_graph_run(g->engine, g->graph);
    return NULL;
}

static void begin_gated(gated *g)
{
    assert_int_equal(pthread_create(&g->thread, NULL, run_gated, g), 0);
}

static weir_task add_gate(weir_graph *graph, barred *g, size_t bytes)
{
    weir_task task;
    assert_ok(weir_graph_add(graph, NULL, pass_gate, g, &task));
    assert_ok(weir_graph_scratch(graph, task, bytes));
    return task;
}

static unsigned count_parked(weir_engine *engine)
{
    pthread_mutex_lock(&engine->books->lock);
    const unsigned parked = engine->books->account.parked;
    pthread_mutex_unlock(&engine->books->lock);
    return parked;
}

/* A large graph takes the bytes of a small one while that one has not asked for them: both have entered, and
 * the last worker of the small one finds none. */
static void park_a_graph(bool cancels)
{
    barred first = {0}, before_second = {0}, second = {0}, before_small = {0}, small = {0};
    open_region r;
    open_a_region(&r, 3, 20);
    gated a = {.engine = r.engine, .graph = NULL}, b = {.engine = r.engine, .graph = NULL};
    assert_ok(weir_graph_create(&a.graph));
    (void)add_gate(a.graph, &first, 10);
    const weir_task before = add_gate(a.graph, &before_second, 0);
    const weir_task then = add_gate(a.graph, &second, 10);
    assert_ok(weir_graph_before(a.graph, before, then));
    assert_ok(weir_graph_compile(a.graph));
    assert_ok(weir_graph_create(&b.graph));
    const weir_task before_b = add_gate(b.graph, &before_small, 0);
    const weir_task then_b = add_gate(b.graph, &small, 5);
    assert_ok(weir_graph_before(b.graph, before_b, then_b));
    assert_ok(weir_graph_before(b.graph, then_b, add_gate(b.graph, &small, 5)));
    assert_ok(weir_graph_compile(b.graph));
    begin_gated(&a);
    assert_true(reaches(&first.begun, 1) && reaches(&before_second.begun, 1));
    begin_gated(&b);
    assert_true(reaches(&before_small.begun, 1));
    atomic_store(&before_second.opened, 1);
    assert_true(reaches(&second.begun, 1));
    atomic_store(&small.opened, 1);
    atomic_store(&before_small.opened, 1);
    for (int i = 0; i < 100000 && count_parked(r.engine) == 0; i++)
        nap(100);
    assert_int_equal(count_parked(r.engine), 1);
    assert_int_equal(atomic_load(&small.begun), 0);
    if (cancels)
        weir_engine_cancel(r.engine);
    else
        atomic_store(&first.opened, 1);
    pthread_join(b.thread, NULL);
    assert_int_equal(b.status, cancels ? WEIR_ECANCEL : WEIR_OK);
    assert_int_equal(atomic_load(&small.begun), !cancels);
    atomic_store(&second.opened, 1);
    pthread_join(a.thread, NULL);
    assert_int_equal(a.status, cancels ? WEIR_ECANCEL : WEIR_OK);
    assert_int_equal(count_parked(r.engine), 0);
    close_region(&r, cancels);
    weir_graph_destroy(a.graph);
    weir_graph_destroy(b.graph);
}

static void a_graph_that_waits_without_a_worker_goes_on_when_bytes_come_back(void **state)
{
    (void)state;
    park_a_graph(false);
}

static void a_graph_that_waits_without_a_worker_ends_when_it_is_cancelled(void **state)
{
    (void)state;
    park_a_graph(true);
}

/* Which needs more than the first one leaves, but would fit beside its rest later. */
static void a_graph_waits_at_its_root_until_its_bytes_are_there(void **state)
{
    barred first = {0}, second = {0};
    open_region r;
    (void)state;
    open_a_region(&r, 2, 15);
    gated a = {.engine = r.engine, .graph = NULL}, b = {.engine = r.engine, .graph = NULL};
    assert_ok(weir_graph_create(&a.graph));
    (void)add_gate(a.graph, &first, 10);
    assert_ok(weir_graph_compile(a.graph));
    assert_ok(weir_graph_create(&b.graph));
    (void)add_gate(b.graph, &second, 6);
    assert_ok(weir_graph_compile(b.graph));
    begin_gated(&a);
    assert_true(reaches(&first.begun, 1));
    begin_gated(&b);
    for (int i = 0; i < 100000 && atomic_load(&r.engine->windows.waiting) == 0; i++)
        nap(100);
    assert_int_equal(atomic_load(&r.engine->windows.waiting), 1);
    assert_int_equal(atomic_load(&second.begun), 0);
    atomic_store(&first.opened, 1);
    pthread_join(a.thread, NULL);
    assert_int_equal(a.status, WEIR_OK);
    assert_true(reaches(&second.begun, 1));
    atomic_store(&second.opened, 1);
    pthread_join(b.thread, NULL);
    assert_int_equal(b.status, WEIR_OK);
    close_region(&r, false);
    weir_graph_destroy(a.graph);
    weir_graph_destroy(b.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs_in_tasks_of_one_hold_no_more_than_max_bytes_from_the_least_upwards),
        cmocka_unit_test(graphs_in_leaves_of_a_pipeline_hold_no_more_than_max_bytes),
        cmocka_unit_test(a_graph_in_a_task_starts_early_within_what_is_free),
        cmocka_unit_test(peak_bytes_are_what_was_booked_at_most),
        cmocka_unit_test(
            graphs_beside_each_other_hold_no_more_than_max_bytes_from_the_least_upwards),
        cmocka_unit_test(graphs_that_stop_let_those_beside_them_go_on),
        cmocka_unit_test(one_byte_less_beside_a_stream_is_refused),
        cmocka_unit_test(a_graph_that_waits_without_a_worker_goes_on_when_bytes_come_back),
        cmocka_unit_test(a_graph_that_waits_without_a_worker_ends_when_it_is_cancelled),
        cmocka_unit_test(a_graph_waits_at_its_root_until_its_bytes_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
