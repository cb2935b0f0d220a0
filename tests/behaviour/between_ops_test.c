/* A stream's calls between two ops of a run's part, on the worker that has it. */
#include "stream_support.h"

#include <fenv.h>

enum { ENOUGH = 200, MOST_LEAVES = 1000000 / SLOW_BUILD, TREE = 3, SPIN = 2000 };

/* A stream, and a run that is over soon after the stream has given so many items. */
typedef struct both {
    weir_engine *engine;
    weir_plan *tree;     /* that each call of the stage runs; NULL: none */
    weir_plan *few;      /* that each op of the run runs; NULL: none */
    int rounding;        /* of the run */
    uint64_t cancels_at; /* the call that cancels the engine; 0: none */
    atomic_uint_least64_t taken, ops, wrong_runs, wrong_modes, strangers, late;
    atomic_uint_least64_t op_ns, call_ns; /* of the run, and while it was under way */
    atomic_uint_least64_t calls;
    atomic_bool cancelled;
    numbers source;
    weir_status status;
    weir_stats stats; /* of the run */
} both;

static _Thread_local bool in_an_op;

static uint64_t run_tree(weir_engine *engine, const weir_plan *plan, unsigned spin)
{
    const tree_node in = {.id = 1, .height = 3};
    tree context = {.fanout = TREE, .spin = spin};
    uint64_t out;
    return weir_run(engine, plan, &context, &in, &out) != WEIR_OK || out != tree_answer(in, TREE);
}

static int work_on_item(void *state, const void *const *items, weir_yielder *y)
{
    both *b = state;
    const uint64_t ops = atomic_load(&b->ops), began_ns = clock_ns(CLOCK_MONOTONIC);
    atomic_fetch_add(&b->strangers, in_an_op);
    atomic_fetch_add(&b->wrong_modes, fegetround() != FE_TONEAREST);
    if (b->tree != NULL)
        atomic_fetch_add(&b->wrong_runs, run_tree(b->engine, b->tree, SPIN));
    if (ops > 0 && atomic_fetch_add(&b->calls, 1) + 1 == b->cancels_at) {
        weir_engine_cancel(b->engine);
        atomic_store(&b->cancelled, true);
    }
    if (ops > 0 && atomic_load(&b->ops) < MOST_LEAVES)
        atomic_fetch_add(&b->call_ns, clock_ns(CLOCK_MONOTONIC) - began_ns);
    return weir_yield(y, items[0]);
}

static int work_until_enough(both *b)
{
    atomic_fetch_add(&b->ops, 1);
    atomic_fetch_add(&b->late, atomic_load(&b->cancelled));
    atomic_fetch_add(&b->wrong_modes, fegetround() != b->rounding);
    if (atomic_load(&b->taken) >= ENOUGH)
        return 0;
    in_an_op = true;
    const uint64_t began_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t now_ns;
    if (b->few != NULL)
        atomic_fetch_add(&b->wrong_runs, run_tree(b->engine, b->few, 0));
    while ((now_ns = clock_ns(CLOCK_MONOTONIC)) < began_ns + 10000)
        continue;
    atomic_fetch_add(&b->op_ns, now_ns - began_ns);
    in_an_op = false;
    return 0;
}

static int leaf_until_enough(weir_branch *branch, const void *in, void *out)
{
    (void)in, (void)out;
    return work_until_enough(weir_context(branch));
}

static int task_until_enough(void *arg, const uint32_t *index, uint32_t count)
{
    (void)index, (void)count;
    return work_until_enough(arg);
}

static void *run_graph_until_enough(void *argument)
{
    both *b = argument;
    weir_graph *graph;
    weir_task first;
    b->status = weir_graph_create(&graph);
    if (b->status == WEIR_OK)
        b->status = weir_graph_add_many(graph, "task", 20000, task_until_enough, b, &first);
    if (b->status == WEIR_OK)
        b->status = weir_graph_compile(graph);
    if (b->status == WEIR_OK)
        b->status = weir_graph_run(b->engine, graph);
    weir_graph_destroy(graph);
    return NULL;
}

static void *run_until_enough(void *argument)
{
    both *b = argument;
    const weir_layer leaf = {.name = "leaf", .leaf = leaf_until_enough};
    const weir_layer top = {.name = "top",
                            .fanout = MOST_LEAVES,
                            .split = split_nothing,
                            .gather = gather_nothing,
                            .child = &leaf};
    weir_plan *plan;
    fesetround(b->rounding);
    if ((b->status = weir_plan_compile(&top, &plan)) != WEIR_OK)
        return NULL;
    b->status = weir_run(b->engine, plan, b, NULL, NULL);
    weir_engine_stats(b->engine, &b->stats);
    weir_plan_free(plan);
    return NULL;
}

static weir_stream *start_stream(both *b, weir_stage *last)
{
    const weir_stage_options o = stage_of("work", 1, 4, b);
    weir_stream *s = open_stream(b->engine);
    b->source.n = UINT64_MAX;
    const weir_stage in = add_numbers(s, "in", 4, &b->source);
    assert_ok(weir_stream_stage(s, &o, work_on_item, 1, &in, last));
    assert_ok(weir_stream_start(s));
    return s;
}

/* The stream goes on for as long as the run does. */
static void run_beside_the_stream(both *b)
{
    weir_stage last;
    pthread_t thread;
    weir_stream *s = start_stream(b, &last);
    assert_int_equal(pthread_create(&thread, NULL, run_until_enough, b), 0);
    while (atomic_load(&b->ops) < MOST_LEAVES) {
        uint64_t item;
        assert_ok(weir_next(s, last, &item));
        if (atomic_load(&b->ops) == 0)
            continue;
        assert_true(atomic_fetch_add(&b->taken, 1) <= item);
    }
    pthread_join(thread, NULL);
    assert_ok(weir_stream_close(s));
    assert_int_equal(b->status, WEIR_OK);
    assert_true(atomic_load(&b->ops) == MOST_LEAVES);
    assert_true(b->taken >= ENOUGH);
}

static weir_plan *tree_plan(void)
{
    weir_layer layer;
    tree_describe(&layer, TREE, 3);
    return compile(&layer);
}

static void check(both *b)
{
    assert_int_equal(atomic_load(&b->wrong_runs), 0);
    assert_int_equal(atomic_load(&b->wrong_modes), 0);
    assert_int_equal(atomic_load(&b->strangers), 0);
    assert_true(b->few != NULL || b->stats.branches == MOST_LEAVES + 1);
    const weir_stats *t = &b->stats;
    const double idle_ns = (double)t->idle_ns, call_ns = (double)atomic_load(&b->call_ns);
    assert_true(idle_ns >= 0.999 * call_ns);
    assert_true(idle_ns <= 1e9 * t->seconds * t->workers - 0.999 * (double)atomic_load(&b->op_ns));
}

static void a_stream_goes_on_between_two_ops_of_a_run(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        both b = {.engine = open_engine(workers, 0, 0), .rounding = FE_TONEAREST};
        run_beside_the_stream(&b);
        check(&b);
        weir_engine_close(b.engine);
    }
}

static void a_run_in_such_a_call_changes_neither_the_other_run_nor_its_statistics(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        both b = {.engine = open_engine(workers, 0, 0), .rounding = FE_UPWARD};
        b.tree = tree_plan();
        run_beside_the_stream(&b);
        check(&b);
        weir_plan_free(b.tree);
        weir_engine_close(b.engine);
    }
}

static void an_op_that_waits_for_its_run_finds_no_call_of_the_stream_on_its_stack(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        both b = {.engine = open_engine(workers, 0, 0), .rounding = FE_TONEAREST};
        b.few = tree_plan();
        run_beside_the_stream(&b);
        check(&b);
        weir_plan_free(b.few);
        weir_engine_close(b.engine);
    }
}

static void no_op_begins_once_a_call_between_two_has_cancelled_the_engine(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        both b = {.engine = open_engine(1, 0, 0), .rounding = FE_TONEAREST};
        b.cancels_at = 1 + round;
        weir_stage last;
        pthread_t thread;
        uint64_t item;
        weir_stream *s = start_stream(&b, &last);
        assert_int_equal(pthread_create(&thread, NULL,
                                        round % 2 ? run_until_enough : run_graph_until_enough, &b),
                         0);
        while (weir_next(s, last, &item) == WEIR_OK)
            continue;
        pthread_join(thread, NULL);
        assert_int_equal(b.status, WEIR_ECANCEL);
        assert_int_equal(atomic_load(&b.late), 0);
        assert_status(WEIR_ECANCEL, weir_stream_close(s));
        weir_engine_close(b.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_goes_on_between_two_ops_of_a_run),
        cmocka_unit_test(a_run_in_such_a_call_changes_neither_the_other_run_nor_its_statistics),
        cmocka_unit_test(an_op_that_waits_for_its_run_finds_no_call_of_the_stream_on_its_stack),
        cmocka_unit_test(no_op_begins_once_a_call_between_two_has_cancelled_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
