/* Tests of tasks that run graphs: one of two, one of several, or one again and again.
 *
 * Run by ctest.  Bodies are random graphs (dag_support.h), whose tasks check their order. */
#include "dag_support.h"

/* What the tasks around bodies know. */
typedef struct plan {
    int choice; /* what the next choice is, */
    unsigned times;
    atomic_uint asked;             /* and of a while, how often it goes on */
    unsigned fails_at, cancels_at; /* a body's run; UINT_MAX: none */
    weir_engine *engine;
    atomic_uint after, ran, wrong;
    void *context;
} plan;

static plan make_plan(weir_engine *engine)
{
    return (plan){.engine = engine, .fails_at = UINT32_MAX, .cancels_at = UINT32_MAX};
}

static int choose(void *arg)
{
    return ((plan *)arg)->choice;
}

static int note_after(void *arg)
{
    atomic_fetch_add(&((plan *)arg)->after, 1);
    return 0;
}

/* ---- one of several ---- */

/* Adds a task behind it, and compiles. */
static void finish_graph(weir_graph *graph, weir_task task, plan *p)
{
    weir_task after;
    assert_ok(weir_graph_add(graph, "after", note_after, p, &after));
    assert_ok(weir_graph_before(graph, task, after));
    assert_ok(weir_graph_compile(graph));
}

static void an_if_runs_one_of_its_bodies_or_none(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        plan p = make_plan(open_engine(workers, 0, 0));
        atomic_uint ran[3] = {0};
        weir_graph *graph;
        weir_task both, one;
        assert_ok(weir_graph_create(&graph));
        assert_ok(weir_graph_if(graph, "both", choose, &p, make_graph("then", count_call, &ran[0]),
                                make_graph("otherwise", count_call, &ran[1]), &both));
        assert_ok(weir_graph_if(graph, "one", choose, &p, make_graph("then", count_call, &ran[2]),
                                NULL, &one));
        assert_ok(weir_graph_before(graph, both, one));
        finish_graph(graph, one, &p);
        for (int i = 0; i < 4; i++) {
            p.choice = i % 2 == 0 ? i + 1 : 0;
            assert_ok(weir_graph_run(p.engine, graph));
            assert_int_equal(atomic_load(&ran[0]), i / 2 + 1);
            assert_int_equal(atomic_load(&ran[1]), (i + 1) / 2);
            assert_int_equal(atomic_load(&ran[2]), i / 2 + 1);
            assert_int_equal(atomic_load(&p.after), i + 1);
        }
        weir_graph_destroy(graph);
        weir_engine_close(p.engine);
    }
}

static void a_switch_runs_the_body_that_is_chosen(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        plan p = make_plan(open_engine(workers, 0, 0));
        atomic_uint ran[4] = {0};
        weir_graph *graph, *body[4];
        weir_task task;
        for (unsigned i = 0; i < 4; i++)
            body[i] = i == 2 ? NULL : make_graph("case", count_call, &ran[i]);
        assert_ok(weir_graph_create(&graph));
        assert_ok(weir_graph_switch(graph, "switch", choose, &p, 4, body, &task));
        finish_graph(graph, task, &p);
        for (int i = 0; i < 8; i++) {
            p.choice = i % 4;
            assert_ok(weir_graph_run(p.engine, graph));
        }
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(atomic_load(&ran[i]), i == 2 ? 0 : 2);
        assert_int_equal(atomic_load(&p.after), 8);
        p.choice = 4;
        assert_status(WEIR_EOP, weir_graph_run(p.engine, graph));
        assert_int_equal(weir_last_error()->code, 4);
        assert_string_equal(weir_last_error()->where, "switch");
        assert_contains(weir_last_error()->text, "0 to 3");
        p.choice = -7;
        assert_status(WEIR_EOP, weir_graph_run(p.engine, graph));
        assert_int_equal(weir_last_error()->code, -7);
        assert_string_equal(weir_last_error()->where, "switch");
        assert_int_equal(atomic_load(&p.after), 8);
        p.choice = 1;
        assert_ok(weir_graph_run(p.engine, graph));
        weir_graph_destroy(graph);
        weir_engine_close(p.engine);
    }
}

/* ---- again and again ---- */

/* A while over a random graph, and a random graph around it. */
typedef struct loop {
    plan p;
    dag body;
    weir_graph *graph;
} loop;

/* Before each time: is the last one right? */
static int more(void *arg)
{
    loop *l = arg;
    const unsigned asked = atomic_fetch_add(&l->p.asked, 1);
    if (atomic_load(&l->body.begun) != asked * l->body.n || atomic_load(&l->body.wrong) > 0)
        atomic_fetch_add(&l->p.wrong, 1);
    l->body.fails_at = asked == l->p.fails_at ? l->body.n / 2 : l->body.n;
    l->body.cancels_at = asked == l->p.cancels_at ? l->body.n / 2 : l->body.n;
    return asked < l->p.times;
}

static void make_loop(loop *l, weir_engine *engine, uint64_t *random, uint32_t n)
{
    weir_task task;
    l->p = make_plan(engine);
    dag_make(&l->body, random, n);
    l->body.engine = engine;
    assert_ok(weir_graph_create(&l->graph));
    assert_ok(weir_graph_while(l->graph, "loop", more, l, l->body.graph, &task));
    finish_graph(l->graph, task, &l->p);
}

static void free_loop(loop *l)
{
    weir_graph_destroy(l->graph);
    l->body.graph = NULL;
    dag_free(&l->body);
}

static void begin_loop(loop *l, unsigned times)
{
    dag_reset(&l->body);
    atomic_store(&l->p.asked, 0);
    atomic_store(&l->p.after, 0);
    l->p.times = times;
}

static void a_while_runs_its_body_until_there_is_no_more(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (unsigned workers = 1; workers <= 5; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int i = 0; i < 20 / SLOW_BUILD + 1; i++) {
            loop l;
            make_loop(&l, engine, &random, (uint32_t)draw(&random, 200));
            for (unsigned times = 0; times < 30; times += 7) {
                l.body.delay_one_in = times == 7 ? 50 : 0;
                begin_loop(&l, times);
                assert_ok(weir_graph_run(engine, l.graph));
                assert_int_equal(atomic_load(&l.p.asked), times + 1);
                assert_int_equal(atomic_load(&l.p.wrong), 0);
                assert_int_equal(atomic_load(&l.p.after), 1);
                assert_int_equal(atomic_load(&l.body.begun), times * l.body.n);
                weir_stats s;
                weir_engine_stats(engine, &s);
                assert_int_equal(s.branches, 2 + (uint64_t)times * l.body.n);
            }
            free_loop(&l);
        }
        weir_engine_close(engine);
    }
}

static void a_failure_in_a_body_names_the_turn(void **state)
{
    uint64_t random = 2;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (int i = 0; i < 20 / SLOW_BUILD + 1; i++) {
            loop l;
            make_loop(&l, engine, &random, 1 + (uint32_t)draw(&random, 200));
            l.p.fails_at = 17;
            begin_loop(&l, 30);
            assert_status(WEIR_EOP, weir_graph_run(engine, l.graph));
            assert_int_equal(weir_last_error()->code, 42);
            assert_memory_equal(weir_last_error()->where, "loop[17]/", strlen("loop[17]/"));
            assert_int_equal(atomic_load(&l.p.asked), 18);
            assert_int_equal(atomic_load(&l.p.after), 0);
            l.p.fails_at = UINT32_MAX;
            begin_loop(&l, 3);
            assert_ok(weir_graph_run(engine, l.graph)); /* at once */
            assert_int_equal(atomic_load(&l.p.wrong), 0);
            assert_int_equal(atomic_load(&l.p.after), 1);
            l.p.cancels_at = 2;
            begin_loop(&l, 30);
            assert_status(WEIR_ECANCEL, weir_graph_run(engine, l.graph));
            assert_int_equal(atomic_load(&l.p.asked), 3);
            l.p.cancels_at = UINT32_MAX;
            begin_loop(&l, 3);
            assert_ok(weir_graph_run(engine, l.graph));
            free_loop(&l);
        }
        weir_engine_close(engine);
    }
}

/* ---- bodies of bodies ---- */

/* A while of a while of an if, beside a random graph. */
typedef struct nest {
    weir_engine *engine;
    unsigned outer_times, inner_times;
    unsigned outer, inner; /* how often each has been asked; one after the other */
    atomic_uint leaves, wrong;
    int code;
} nest;

static int more_outer(void *arg)
{
    nest *n = arg;
    n->inner = 0;
    return n->outer++ < n->outer_times;
}

static int more_inner(void *arg)
{
    nest *n = arg;
    return n->inner++ < n->inner_times;
}

static int choose_odd(void *arg)
{
    return (int)(((nest *)arg)->inner % 2);
}

static int nested_leaf(void *arg)
{
    nest *n = arg;
    if (weir_context(weir_here()) != n)
        atomic_fetch_add(&n->wrong, 1);
    atomic_fetch_add(&n->leaves, 1);
    return n->outer == 3 && n->inner == 3 ? n->code : 0;
}

static weir_graph *make_nest(nest *n)
{
    weir_graph *leaf, *inner, *outer, *graph;
    weir_task task;
    assert_ok(weir_graph_create(&leaf));
    for (int i = 0; i < 50; i++)
        assert_ok(weir_graph_add(leaf, "leaf", nested_leaf, n, &task));
    assert_ok(weir_graph_compile(leaf));
    assert_ok(weir_graph_create(&inner));
    assert_ok(weir_graph_if(inner, "odd", choose_odd, n, leaf, NULL, &task));
    assert_ok(weir_graph_compile(inner));
    assert_ok(weir_graph_create(&outer));
    assert_ok(weir_graph_while(outer, "inner", more_inner, n, inner, &task));
    assert_ok(weir_graph_compile(outer));
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_while(graph, "outer", more_outer, n, outer, &task));
    assert_ok(weir_graph_context(graph, n)); /* of its bodies as well */
    assert_ok(weir_graph_compile(graph));
    return graph;
}

static void bodies_have_bodies(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        nest n = {.engine = open_engine(workers, 0, 0), .outer_times = 5, .inner_times = 6};
        weir_graph *graph = make_nest(&n);
        for (unsigned run = 1; run <= 10; run++) {
            n.outer = 0;
            assert_ok(weir_graph_run(n.engine, graph));
            assert_int_equal(atomic_load(&n.leaves), run * 5 * 3 * 50);
            assert_int_equal(atomic_load(&n.wrong), 0);
        }
        n.outer = 0;
        n.code = 8;
        assert_status(WEIR_EOP, weir_graph_run(n.engine, graph));
        assert_string_equal(weir_last_error()->where, "outer[2]/inner[2]/odd/leaf");
        assert_int_equal(weir_last_error()->code, 8);
        weir_graph_destroy(graph);
        weir_engine_close(n.engine);
    }
}

/* ---- beside other tasks ---- */

static void loops_run_beside_each_other_and_other_tasks(void **state)
{
    enum { LOOPS = 5 };
    uint64_t random = 3;
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        static loop l[LOOPS];
        plan p = make_plan(engine);
        weir_graph *graph;
        weir_task task, ordinary;
        assert_ok(weir_graph_create(&graph));
        for (unsigned i = 0; i < LOOPS; i++) {
            l[i].p = make_plan(engine);
            dag_make(&l[i].body, &random, 100);
            assert_ok(weir_graph_while(graph, "loop", more, &l[i], l[i].body.graph, &task));
            if (i == LOOPS - 1)
                assert_ok(weir_graph_before(graph, 0, task));
            for (unsigned k = 0; k < 20 && i == 0; k++)
                assert_ok(weir_graph_add(graph, NULL, note_after, &p, &ordinary));
        }
        assert_ok(weir_graph_compile(graph));
        for (unsigned run = 1; run <= 5; run++) {
            for (unsigned i = 0; i < LOOPS; i++)
                begin_loop(&l[i], 10 * i);
            assert_ok(weir_graph_run(engine, graph));
            for (unsigned i = 0; i < LOOPS; i++) {
                assert_int_equal(atomic_load(&l[i].p.asked), 10 * i + 1);
                assert_int_equal(atomic_load(&l[i].p.wrong), 0);
            }
            assert_int_equal(atomic_load(&p.after), 20 * run);
        }
        weir_graph_destroy(graph);
        for (unsigned i = 0; i < LOOPS; i++) {
            l[i].body.graph = NULL;
            dag_free(&l[i].body);
        }
        weir_engine_close(engine);
    }
}

/* ---- what is refused ---- */

static void a_body_is_compiled_and_has_one_task(void **state)
{
    weir_engine *engine = open_engine(1, 0, 0);
    atomic_uint ran = 0;
    plan p = make_plan(engine);
    weir_graph *graph, *draft, *body = make_graph("body", count_call, &ran), *row[2];
    weir_task task;
    (void)state;
    assert_ok(weir_graph_create(&graph));
    assert_ok(weir_graph_create(&draft));
    assert_status(WEIR_EINVAL, weir_graph_while(graph, NULL, choose, &p, draft, &task));
    assert_string_equal(weir_last_error()->where, "body");
    assert_contains(weir_last_error()->text, "weir_graph_compile()");
    assert_status(WEIR_EINVAL, weir_graph_while(graph, NULL, choose, &p, graph, &task));
    assert_contains(weir_last_error()->text, "itself");
    assert_status(WEIR_EINVAL, weir_graph_while(graph, NULL, choose, &p, NULL, &task));
    assert_status(WEIR_EINVAL, weir_graph_while(graph, NULL, NULL, &p, body, &task));
    assert_string_equal(weir_last_error()->where, "more");
    assert_status(WEIR_EINVAL, weir_graph_while(NULL, NULL, choose, &p, body, &task));
    assert_status(WEIR_EINVAL, weir_graph_if(graph, NULL, choose, &p, NULL, body, &task));
    assert_string_equal(weir_last_error()->where, "then");
    assert_status(WEIR_EINVAL, weir_graph_if(graph, NULL, choose, &p, body, draft, &task));
    assert_string_equal(weir_last_error()->where, "otherwise");
    assert_status(WEIR_EINVAL, weir_graph_if(graph, NULL, choose, &p, body, body, &task));
    row[0] = row[1] = body;
    assert_status(WEIR_EINVAL, weir_graph_switch(graph, NULL, choose, &p, 2, row, &task));
    assert_string_equal(weir_last_error()->where, "body[1]");
    assert_status(WEIR_EINVAL, weir_graph_switch(graph, NULL, choose, &p, 0, row, &task));
    assert_string_equal(weir_last_error()->where, "n");
    assert_status(WEIR_EINVAL, weir_graph_switch(graph, NULL, choose, &p, 1, NULL, &task));
    assert_status(WEIR_EINVAL, weir_graph_switch(graph, NULL, choose, &p, 1, row, NULL));
    assert_ok(weir_graph_run(engine, body)); /* it is nobody's yet */
    assert_ok(weir_graph_switch(graph, "switch", choose, &p, 1, row, &task));
    assert_status(WEIR_EINVAL, weir_graph_while(graph, NULL, choose, &p, body, &task));
    assert_contains(weir_last_error()->text, "already");
    assert_status(WEIR_EINVAL, weir_graph_run(engine, body));
    assert_contains(weir_last_error()->text, "body");
    weir_graph_destroy(body); /* which is not its own any more */
    assert_ok(weir_graph_compile(graph));
    assert_status(WEIR_EINVAL, weir_graph_switch(graph, NULL, choose, &p, 1, &draft, &task));
    assert_ok(weir_graph_run(engine, graph));
    assert_int_equal(atomic_load(&ran), 2);
    weir_graph_destroy(draft);
    weir_graph_destroy(graph);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_if_runs_one_of_its_bodies_or_none),
        cmocka_unit_test(a_switch_runs_the_body_that_is_chosen),
        cmocka_unit_test(a_while_runs_its_body_until_there_is_no_more),
        cmocka_unit_test(a_failure_in_a_body_names_the_turn),
        cmocka_unit_test(bodies_have_bodies),
        cmocka_unit_test(loops_run_beside_each_other_and_other_tasks),
        cmocka_unit_test(a_body_is_compiled_and_has_one_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
