/* Tests that a graph's tasks never hold more bytes than max_bytes, that it runs with the least of them, and
 * that what a task holds is released once.
 *
 * Run by ctest.  Ops count what they hold, and note what is too much. */
#include "hoard_support.h"

static void what_is_held_is_never_above_max_bytes(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < 40 / SLOW_BUILD + 1; i++) {
        hoard h;
        make_hoard(&h, &random, 1 + (uint32_t)draw(&random, 200));
        const uint64_t least = weir_graph_serial_bytes(h.graph);
        const uint64_t most = weir_graph_certified_bytes(h.graph);
        const uint64_t limits[] = {least, least + 1, least + draw(&random, most - least + 1), most,
                                   0};
        for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
            if (limits[k] == 0 && k < 4)
                continue; /* no task needs any */
            weir_engine *engine = open_engine(1 + (unsigned)draw(&random, 8), 0, (size_t)limits[k]);
            for (int run = 0; run < 3; run++)
                run_hoard(&h, engine);
            weir_engine_close(engine);
        }
        free_hoard(&h);
    }
}

static void one_byte_less_than_the_least_is_refused(void **state)
{
    uint64_t random = 2;
    (void)state;
    for (int i = 0; i < 10; i++) {
        char least[32], limit[32];
        hoard h;
        make_hoard(&h, &random, 50 + (uint32_t)draw(&random, 200));
        const uint64_t bytes = weir_graph_serial_bytes(h.graph);
        weir_engine *engine = open_engine(1 + (unsigned)i % 3, 0, (size_t)bytes - 1);
        snprintf(least, sizeof least, "%llu", (unsigned long long)bytes);
        snprintf(limit, sizeof limit, "%llu", (unsigned long long)bytes - 1);
        dag_reset(&h.d);
        assert_status(WEIR_EBUDGET, weir_graph_run(engine, h.graph));
        assert_contains(weir_last_error()->text, least);
        assert_contains(weir_last_error()->text, limit);
        assert_int_equal(atomic_load(&h.d.begun), 0);
        weir_engine_close(engine);
        free_hoard(&h);
    }
}

static void without_a_limit_tasks_may_say_that_they_hold_more_than_there_is(void **state)
{
    atomic_uint ran = 0;
    weir_graph *graph;
    weir_task task[3];
    (void)state;
    assert_ok(weir_graph_create(&graph));
    for (int i = 0; i < 3; i++) {
        assert_ok(weir_graph_add(graph, NULL, count_call, &ran, &task[i]));
        assert_ok(weir_graph_hold(graph, task[i], SIZE_MAX));
        if (i > 0)
            assert_ok(weir_graph_before(graph, task[i - 1], task[i]));
    }
    assert_ok(weir_graph_compile(graph));
    assert_true(weir_graph_serial_bytes(graph) == UINT64_MAX);
    weir_engine *engine = open_engine(2, 0, 0);
    assert_ok(weir_graph_run(engine, graph));
    assert_int_equal(atomic_load(&ran), 3);
    weir_engine_close(engine);
    weir_graph_destroy(graph);
}

static void after_a_failure_what_has_begun_is_released(void **state)
{
    uint64_t random = 3;
    (void)state;
    for (int i = 0; i < 40 / SLOW_BUILD + 1; i++) {
        hoard h;
        make_hoard(&h, &random, 2 + (uint32_t)draw(&random, 200));
        const uint64_t least = weir_graph_serial_bytes(h.graph);
        weir_engine *engine =
            open_engine(1 + (unsigned)draw(&random, 4), 0, i % 2 == 0 ? (size_t)least : 0);
        h.own.limit = INT64_MAX;
        dag_reset(&h.d);
        h.d.fails_at = (uint32_t)draw(&random, h.d.n);
        assert_status(WEIR_EOP, weir_graph_run(engine, h.graph));
        check_hoard(&h);
        h.d.fails_at = h.d.n;
        run_hoard(&h, engine);
        weir_engine_close(engine);
        free_hoard(&h);
    }
}

/* ---- runs in tasks ---- */

static int run_hoard_inside(void *arg)
{
    hoard *h = arg;
    dag_reset(&h->d);
    return weir_graph_run(h->d.engine, h->graph);
}

/* And of what is free besides, where there is a limit; without one, no more. */
static void a_graph_in_a_task_has_what_was_declared(void **state)
{
    uint64_t random = 4;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        enum { INNER = 4 };
        hoard inner[INNER];
        weir_graph *outer;
        weir_task task;
        uint64_t most = 0, declared_for[INNER];
        bank all = {.limit = 0};
        assert_ok(weir_graph_create(&outer));
        for (unsigned i = 0; i < INNER; i++) {
            make_hoard(&inner[i], &random, 100);
            const uint64_t declared = weir_graph_serial_bytes(inner[i].graph) + 30 * i;
            declared_for[i] = declared;
            most = declared > most ? declared : most;
            assert_ok(weir_graph_add(outer, "outer", run_hoard_inside, &inner[i], &task));
            assert_ok(weir_graph_nested(outer, task, (size_t)declared));
        }
        assert_ok(weir_graph_compile(outer));
        assert_int_equal(weir_graph_serial_bytes(outer), most);
        const uint64_t limits[] = {most, most + most / 2, weir_graph_certified_bytes(outer), 0};
        for (unsigned k = 0; k < 4; k++) {
            weir_engine *engine = open_engine(workers, 0, (size_t)limits[k]);
            all.limit = limits[k] > 0 ? (int64_t)limits[k] : INT64_MAX;
            for (unsigned i = 0; i < INNER; i++) {
                inner[i].d.engine = engine;
                inner[i].all = &all;
                inner[i].own.limit = limits[k] > 0 ? INT64_MAX : (int64_t)declared_for[i];
            }
            for (int run = 0; run < 3; run++) {
                assert_ok(weir_graph_run(engine, outer));
                for (unsigned i = 0; i < INNER; i++)
                    check_hoard(&inner[i]);
            }
            weir_engine_close(engine);
        }
        weir_graph_destroy(outer);
        for (unsigned i = 0; i < INNER; i++)
            free_hoard(&inner[i]);
    }
}

static void a_run_in_a_task_that_declares_nothing_is_refused(void **state)
{
    uint64_t random = 5;
    hoard inner;
    weir_graph *outer;
    weir_task task;
    (void)state;
    make_hoard(&inner, &random, 100);
    assert_ok(weir_graph_create(&outer));
    assert_ok(weir_graph_add(outer, "outer", run_hoard_inside, &inner, &task));
    assert_ok(weir_graph_compile(outer));
    weir_engine *engine = open_engine(2, 0, 1000000);
    inner.d.engine = engine;
    assert_status(WEIR_EOP, weir_graph_run(engine, outer));
    assert_int_equal(weir_last_error()->code, WEIR_EBUDGET);
    weir_engine_close(engine);
    engine = open_engine(2, 0, 0);
    inner.d.engine = engine;
    inner.own.limit = INT64_MAX;
    assert_ok(weir_graph_run(engine, outer));
    check_hoard(&inner);
    weir_engine_close(engine);
    weir_graph_destroy(outer);
    free_hoard(&inner);
}

static int leave_out(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

/* On an engine where a pipeline with nested_bytes ran before. */
static void a_graph_in_a_stage_has_its_serial_bytes_and_what_is_free(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaf = leave_out, .nested_bytes = 7};
    uint64_t random = 8;
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        hoard h;
        make_hoard(&h, &random, 100);
        h.own.limit = 1000000;
        weir_engine *engine = open_engine(workers, 0, 1000000);
        weir_plan *plan = compile(&leaf);
        assert_ok(weir_run(engine, plan, NULL, NULL, NULL));
        h.d.engine = engine;
        assert_runs_in_stage(&h.d, h.graph);
        check_hoard(&h);
        weir_plan_free(plan);
        weir_engine_close(engine);
        free_hoard(&h);
    }
}

/* ---- bodies ---- */

typedef struct repeats {
    hoard *h;
    unsigned asked, times;
} repeats;

static int more(void *arg)
{
    repeats *r = arg;
    dag_reset(&r->h->d);
    return r->asked++ < r->times;
}

static void a_body_has_its_bytes_each_time(void **state)
{
    uint64_t random = 6;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        for (unsigned extra = 0; extra <= 200; extra += 100) {
            hoard h;
            repeats r = {.h = &h, .times = 10};
            weir_graph *outer;
            weir_task task;
            make_hoard(&h, &random, 100);
            const uint64_t least = weir_graph_serial_bytes(h.graph) + extra;
            assert_ok(weir_graph_create(&outer));
            assert_ok(weir_graph_while(outer, "loop", more, &r, h.graph, &task));
            if (extra > 0)
                assert_ok(weir_graph_nested(outer, task, (size_t)least));
            assert_ok(weir_graph_compile(outer));
            assert_int_equal(weir_graph_serial_bytes(outer), least);
            h.own.limit = (int64_t)least;
            for (unsigned limited = 0; limited < 2; limited++) {
                weir_engine *engine = open_engine(workers, 0, limited ? (size_t)least : 0);
                r.asked = 0;
                assert_ok(weir_graph_run(engine, outer));
                check_hoard(&h);
                assert_int_equal(atomic_load(&h.holding[0].released), (limited + 1) * 10);
                weir_engine_close(engine);
            }
            weir_graph_destroy(outer);
            h.graph = NULL;
            free_hoard(&h);
        }
    }
}

static void a_body_with_less_than_it_needs_is_refused(void **state)
{
    uint64_t random = 7;
    hoard h;
    repeats r = {.h = &h, .times = 1};
    weir_graph *outer;
    weir_task task;
    (void)state;
    make_hoard(&h, &random, 100);
    assert_ok(weir_graph_create(&outer));
    assert_ok(weir_graph_while(outer, "loop", more, &r, h.graph, &task));
    assert_ok(weir_graph_nested(outer, task, 1));
    assert_ok(weir_graph_compile(outer));
    weir_engine *engine = open_engine(1, 0, 0);
    assert_status(WEIR_EINVAL, weir_graph_run(engine, outer));
    assert_string_equal(weir_last_error()->where, "loop");
    assert_contains(weir_last_error()->text, "weir_graph_nested()");
    weir_engine_close(engine);
    weir_graph_destroy(outer);
    h.graph = NULL;
    free_hoard(&h);
}

/* ---- families ---- */

enum { LAYERS = 50, WIDTH = 40, MEMBERS = LAYERS * WIDTH, MEMBER_HELD = 16, MEMBER_SCRATCH = 8 };

/* A family in layers: a member comes after its neighbours of the layer before. */
typedef struct layered {
    bool has_bytes;
    atomic_int_least64_t now;
    int64_t limit;
    atomic_uint wrong, calls, released, fails_at;
    atomic_uchar begun[MEMBERS];
} layered;

static int run_members(void *arg, const uint32_t *index, uint32_t count)
{
    layered *l = arg;
    const int64_t bytes = l->has_bytes ? (int64_t)count * (MEMBER_HELD + MEMBER_SCRATCH) : 0;
    if (atomic_fetch_add(&l->now, bytes) + bytes > l->limit)
        atomic_fetch_add(&l->wrong, 1);
    atomic_fetch_add(&l->calls, 1);
    int code = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t m = index[i];
        for (uint32_t k = m >= WIDTH ? m - WIDTH : 0; m >= WIDTH && k <= m - WIDTH + 1; k++)
            if (atomic_load(&l->begun[k]) != 1) /* itself, and one neighbour */
                atomic_fetch_add(&l->wrong, 1);
        if (atomic_fetch_add(&l->begun[m], 1) > 0)
            atomic_fetch_add(&l->wrong, 1);
        code |= m == atomic_load(&l->fails_at);
    }
    atomic_fetch_sub(&l->now, l->has_bytes ? (int64_t)count * MEMBER_SCRATCH : 0);
    return code;
}

static void release_member(void *arg)
{
    layered *l = arg;
    atomic_fetch_sub(&l->now, l->has_bytes ? MEMBER_HELD : 0);
    atomic_fetch_add(&l->released, 1);
}

static weir_graph *make_layers(layered *l, bool has_bytes)
{
    weir_graph *graph;
    weir_task first;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_add_many(graph, "member", MEMBERS, run_members, l, &first));
    for (uint32_t m = 0; m < MEMBERS; m++) {
        for (uint32_t k = m >= WIDTH ? m - WIDTH : 0; m >= WIDTH && k <= m - WIDTH + 1; k++)
            assert_ok(weir_graph_before(graph, k, m));
        assert_ok(weir_graph_release(graph, m, release_member));
        if (has_bytes) {
            assert_ok(weir_graph_hold(graph, m, MEMBER_HELD));
            assert_ok(weir_graph_scratch(graph, m, MEMBER_SCRATCH));
        }
    }
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static void run_layers(layered *l, weir_engine *engine, weir_graph *graph, uint32_t fails_at)
{
    memset(l, 0, sizeof *l);
    l->has_bytes = weir_graph_serial_bytes(graph) > 0;
    atomic_store(&l->fails_at, fails_at);
    l->limit = weir_engine_max_bytes(engine) < INT64_MAX ? (int64_t)weir_engine_max_bytes(engine)
                                                         : INT64_MAX;
    assert_status(fails_at < MEMBERS ? WEIR_EOP : WEIR_OK, weir_graph_run(engine, graph));
    unsigned begun = 0;
    for (uint32_t m = 0; m < MEMBERS; m++)
        begun += atomic_load(&l->begun[m]);
    assert_int_equal(atomic_load(&l->wrong), 0);
    assert_int_equal(atomic_load(&l->now), 0);
    assert_int_equal(atomic_load(&l->released), begun);
    assert_true(fails_at < MEMBERS || begun == MEMBERS);
}

static void members_of_a_family_share_calls_within_the_bytes_that_there_are(void **state)
{
    static layered l;
    weir_graph *graph = make_layers(&l, true);
    const uint64_t least = weir_graph_serial_bytes(graph);
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++)
        for (uint64_t times = 4; times <= 16; times *= 2) {
            weir_engine *engine = open_engine(workers, 0, (size_t)(least * times / 4));
            for (int run = 0; run < 4; run++)
                run_layers(&l, engine, graph, MEMBERS);
            if (times > 4 && workers == 1)
                assert_true(atomic_load(&l.calls) < MEMBERS / 2);
            run_layers(&l, engine, graph, MEMBERS / 2);
            run_layers(&l, engine, graph, MEMBERS);
            weir_engine_close(engine);
        }
    weir_graph_destroy(graph);
}

static void without_a_limit_a_release_costs_a_family_no_shared_call(void **state)
{
    static layered l;
    weir_graph *graph = make_layers(&l, false);
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int run = 0; run < 4; run++)
            run_layers(&l, engine, graph, MEMBERS);
        if (workers == 1)
            assert_true(atomic_load(&l.calls) < MEMBERS / 4);
        run_layers(&l, engine, graph, 7);
        run_layers(&l, engine, graph, MEMBERS);
        weir_engine_close(engine);
    }
    weir_graph_destroy(graph);
}

/* Some members run a graph that needs what they have declared, and no less. */
typedef struct hosts {
    weir_engine *engine;
    weir_graph *inner[64];
    atomic_uint wrong, largest;
} hosts;

static int host(void *arg, const uint32_t *index, uint32_t count)
{
    hosts *h = arg;
    if (count > atomic_load(&h->largest))
        atomic_store(&h->largest, count);
    for (uint32_t i = 0; i < count; i++)
        if (h->inner[index[i]] != NULL && weir_graph_run(h->engine, h->inner[index[i]]) != WEIR_OK)
            atomic_fetch_add(&h->wrong, 1);
    return 0;
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void members_that_run_graphs_have_what_they_have_declared(void **state)
{
    static hosts h;
    weir_graph *graph;
    weir_task first, task;
    (void)state;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_add_many(graph, "host", 64, host, &h, &first));
    for (uint32_t m = 0; m < 64; m += 9) {
        assert_ok(weir_graph_create(&h.inner[m]));
        assert_ok(weir_graph_add(h.inner[m], NULL, do_nothing, NULL, &task));
        assert_ok(weir_graph_hold(h.inner[m], task, 100 + m));
        assert_ok(weir_graph_compile(h.inner[m]));
        assert_ok(weir_graph_nested(graph, first + m, 100 + m));
    }
    assert_ok(weir_graph_compile(graph));
    const size_t limits[] = {0, (size_t)weir_graph_serial_bytes(graph), 500};
    for (unsigned workers = 1; workers <= 3; workers++)
        for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
            h.engine = open_engine(workers, 0, limits[k]);
            for (int run = 0; run < 20; run++)
                assert_ok(weir_graph_run(h.engine, graph));
            weir_engine_close(h.engine);
        }
    assert_int_equal(atomic_load(&h.wrong), 0);
    assert_true(atomic_load(&h.largest) > 1);
    for (uint32_t m = 0; m < 64; m += 9)
        weir_graph_destroy(h.inner[m]);
    weir_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_never_above_max_bytes),
        cmocka_unit_test(one_byte_less_than_the_least_is_refused),
        cmocka_unit_test(without_a_limit_tasks_may_say_that_they_hold_more_than_there_is),
        cmocka_unit_test(after_a_failure_what_has_begun_is_released),
        cmocka_unit_test(a_graph_in_a_task_has_what_was_declared),
        cmocka_unit_test(a_run_in_a_task_that_declares_nothing_is_refused),
        cmocka_unit_test(a_graph_in_a_stage_has_its_serial_bytes_and_what_is_free),
        cmocka_unit_test(a_body_has_its_bytes_each_time),
        cmocka_unit_test(a_body_with_less_than_it_needs_is_refused),
        cmocka_unit_test(members_of_a_family_share_calls_within_the_bytes_that_there_are),
        cmocka_unit_test(without_a_limit_a_release_costs_a_family_no_shared_call),
        cmocka_unit_test(members_that_run_graphs_have_what_they_have_declared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
