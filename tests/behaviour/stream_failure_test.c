/* Tests streams that fail, are cancelled or are closed early: what comes before a failure is
 * delivered, the failure is told for ever, and each item is freed exactly once.
 *
 * Run by ctest with the public headers only, and under the address sanitizer.  It must never count
 * on when a cancel comes. */
#include "stream_support.h"

/* ---- items that must be freed ---- */

enum { MOST_BLOCKS = 200000 };

static atomic_uint_least64_t made;
static atomic_uchar freed[MOST_BLOCKS]; /* how often, by number */

typedef struct block {
    uint64_t value, number;
} block;

static block *make_block(uint64_t value)
{
    block *b = malloc(sizeof *b);
    *b = (block){value, atomic_fetch_add(&made, 1)};
    return b;
}

static uint64_t free_block(block *b)
{
    const uint64_t value = b->value;
    if (b->number < MOST_BLOCKS)
        atomic_fetch_add(&freed[b->number], 1);
    free(b);
    return value;
}

static void destroy(void *state, void *item)
{
    (void)state;
    free_block(*(block **)item);
}

static int no_blocks(void **state)
{
    (void)state;
    atomic_store(&made, 0);
    for (size_t i = 0; i < MOST_BLOCKS; i++)
        atomic_store_explicit(&freed[i], 0, memory_order_relaxed);
    return 0;
}

static void assert_each_freed_once(void)
{
    const uint64_t n = atomic_load(&made);
    uint64_t wrong = 0;
    assert_true(n <= MOST_BLOCKS);
    for (uint64_t i = 0; i < n; i++)
        wrong += atomic_load_explicit(&freed[i], memory_order_relaxed) != 1;
    assert_int_equal(wrong, 0);
    no_blocks(NULL);
}

/* ---- stages of blocks ---- */

/* Where a stage fails: at this value, or for merges at this call. */
typedef struct node {
    uint64_t n; /* of a source */
    uint64_t fails_at;
    int code; /* 0: never */
    bool by_call;
    unsigned nap_us;
    atomic_uint_least64_t next, calls;
} node;

static bool fails(node *d, uint64_t value)
{
    const uint64_t call = atomic_fetch_add(&d->calls, 1);
    return d->code != 0 && (d->by_call ? call : value) == d->fails_at;
}

static int next_block(void *state, void *item)
{
    node *d = state;
    nap(d->nap_us);
    const uint64_t i = atomic_fetch_add(&d->next, 1);
    if (fails(d, i))
        return d->code;
    if (i >= d->n)
        return WEIR_END;
    *(block **)item = make_block(i);
    return WEIR_OK;
}

/* Passes the block of its first input on, and frees the others. */
static int join(node *d, const void *const *items, unsigned inputs, weir_yielder *y)
{
    block *first = *(block *const *)items[0];
    const bool failed = fails(d, first->value);
    if (mix(first->value, 5) % 8 == 0)
        nap((unsigned)(mix(first->value, 6) % 60));
    for (unsigned i = 1; i < inputs; i++)
        free_block(*(block *const *)items[i]);
    if (failed || weir_yield(y, &first) != WEIR_OK)
        free_block(first);
    return failed ? d->code : 0;
}

static int join_one(void *state, const void *const *items, weir_yielder *y)
{
    return join(state, items, 1, y);
}

static int join_two(void *state, const void *const *items, weir_yielder *y)
{
    return join(state, items, 2, y);
}

static weir_stage_options blocks_of(const char *name, unsigned jobs, unsigned buffer, node *d)
{
    weir_stage_options o = stage_of(name, jobs, buffer, d);
    o.item_bytes = sizeof(block *);
    o.destroy = destroy;
    return o;
}

/* a, b -> zip or merge -> work */
typedef struct net {
    weir_engine *engine;
    weir_stream *s;
    weir_stage last;
    node a, b, join, work;
} net;

typedef struct shape {
    unsigned workers, jobs, buffer;
    bool merge, unordered;
} shape;

static void open_net(net *n, const shape *p)
{
    weir_stage in[2], joined;
    n->engine = open_engine(p->workers, 0, 0);
    n->s = open_stream(n->engine);
    weir_stage_options o = blocks_of("a", 1, p->buffer, &n->a);
    assert_ok(weir_stream_source(n->s, &o, next_block, &in[0]));
    o = blocks_of("b", 1, 1 + p->buffer / 2, &n->b);
    assert_ok(weir_stream_source(n->s, &o, next_block, &in[1]));
    o = blocks_of("join", p->merge ? 1 : p->jobs, p->buffer, &n->join);
    o.join = p->merge ? WEIR_MERGE : WEIR_ZIP;
    assert_ok(weir_stream_stage(n->s, &o, p->merge ? join_one : join_two, 2, in, &joined));
    o = blocks_of("work", p->jobs, p->buffer + 1, &n->work);
    o.unordered = p->unordered;
    n->last = add_stage(n->s, &o, join_one, joined);
    assert_ok(weir_stream_start(n->s));
}

static void close_net(net *n, weir_status expected)
{
    assert_status(expected, weir_stream_close(n->s));
    assert_each_freed_once();
    assert_engine_usable(n->engine);
    weir_engine_close(n->engine);
}

static weir_status pull(net *n, uint64_t *value)
{
    block *got;
    const weir_status status = weir_next(n->s, n->last, &got);
    if (status == WEIR_OK)
        *value = free_block(got);
    return status;
}

static void expect_failure(net *n, const char *where, int code)
{
    uint64_t value;
    for (int i = 0; i < 3; i++) {
        assert_status(WEIR_EOP, pull(n, &value));
        assert_string_equal(weir_last_error()->where, where);
        assert_int_equal(weir_last_error()->code, code);
        assert_contains(weir_last_error()->text, where);
    }
}

static const shape shapes[] = {{1, 1, 1, false, false},  {2, 2, 3, false, false},
                               {2, 3, 20, false, false}, {4, 4, 7, false, false},
                               {4, 2, 64, false, false}, {16, 4, 5, false, false}};
#define EACH_SHAPE(p) (const shape *p = shapes; p < shapes + sizeof shapes / sizeof *shapes; p++)

static void what_comes_before_a_failure_is_delivered_in_order(void **state)
{
    static const char *names[] = {"a", "b", "join", "work"};
    uint64_t random = 31;
    (void)state;
    for
        EACH_SHAPE(p)
    for (int which = 0; which < 4; which++)
        for (int round = 0; round < 4; round++) {
            const uint64_t k = round == 0 ? 0 : draw(&random, 300);
            net n = {.a.n = 100000, .b.n = 100000};
            node *fails_here = (node *[]){&n.a, &n.b, &n.join, &n.work}[which];
            fails_here->fails_at = k;
            fails_here->code = 40 + which;
            open_net(&n, p);
            for (uint64_t i = 0; i < k; i++) {
                uint64_t value = UINT64_MAX;
                assert_status(WEIR_OK, pull(&n, &value));
                assert_int_equal(value, i);
            }
            expect_failure(&n, names[which], 40 + which);
            close_net(&n, WEIR_EOP);
        }
}

static void a_failed_input_of_a_zip_lets_a_slow_one_catch_up(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        const shape p = {2, 2, 30, false, false};
        net n = {.a = {.n = 100, .fails_at = 20, .code = 7}, .b = {.n = 100, .nap_us = 300}};
        open_net(&n, &p);
        for (uint64_t i = 0; i < 20; i++) {
            uint64_t value = UINT64_MAX;
            assert_status(WEIR_OK, pull(&n, &value));
            assert_int_equal(value, i);
        }
        expect_failure(&n, "a", 7);
        close_net(&n, WEIR_EOP);
    }
}

static void a_merge_delivers_as_many_as_it_took_before_it_failed(void **state)
{
    (void)state;
    for
        EACH_SHAPE(p)
    for (uint64_t k = 0; k < 200; k += 66) {
        shape merge = *p;
        merge.merge = true;
        net n = {.a.n = 150, .b.n = 150, .join = {.fails_at = k, .code = 5, .by_call = true}};
        open_net(&n, &merge);
        uint64_t value;
        for (uint64_t i = 0; i < k; i++)
            assert_status(WEIR_OK, pull(&n, &value));
        expect_failure(&n, "join", 5);
        close_net(&n, WEIR_EOP);
    }
}

static void an_unordered_stage_fails_after_some_of_the_others(void **state)
{
    (void)state;
    for
        EACH_SHAPE(p)
        {
            shape unordered = *p;
            unordered.unordered = true;
            net n = {.a.n = 500, .b.n = 500, .work = {.fails_at = 100, .code = 9}};
            open_net(&n, &unordered);
            uint64_t value, count = 0;
            bool seen[500] = {false};
            while (pull(&n, &value) == WEIR_OK) {
                assert_false(value >= 500 || seen[value]);
                seen[value] = true;
                count++;
            }
            assert_false(seen[100]);
            assert_true(count < 100 + p->jobs * 64); /* those claimed with it may be done */
            expect_failure(&n, "work", 9);
            close_net(&n, WEIR_EOP);
        }
}

/* ---- pipelines in stages, when another item fails ---- */

typedef struct planner {
    weir_engine *engine;
    weir_plan *plan;
    tree context;
    gate gate;
} planner;

/* Item 1 fails at once; item 0 runs its pipeline only after that. */
static int run_late(void *state, const void *const *items, weir_yielder *y)
{
    planner *p = state;
    const tree_node in = {.id = *(const uint64_t *)items[0], .height = 3};
    uint64_t out;
    if (in.id == 1)
        return 3;
    gate_wait(&p->gate);
    const weir_status status = weir_run(p->engine, p->plan, &p->context, &in, &out);
    if (status == WEIR_OK)
        (void)weir_yield(y, &out);
    return status;
}

static void a_pipeline_for_an_item_before_the_failure_still_runs(void **state)
{
    weir_layer layer;
    (void)state;
    tree_describe(&layer, 2, 3);
    planner p = {.engine = open_engine(2, 0, 0), .plan = compile(&layer), .context.fanout = 2};
    numbers source = {.n = 100};
    weir_stream *s = open_stream(p.engine);
    const weir_stage_options o = stage_of("late", 2, 4, &p);
    const weir_stage last = add_stage(s, &o, run_late, add_numbers(s, "numbers", 2, &source));
    assert_ok(weir_stream_start(s));
    assert_true(reaches(&p.gate.waiting, 1));
    nap(20000); /* the other job has failed by now */
    atomic_store(&p.gate.open, true);
    expect_number(s, last, tree_answer((tree_node){.id = 0, .height = 3}, 2));
    uint64_t got;
    assert_status(WEIR_EOP, weir_next(s, last, &got));
    assert_int_equal(weir_last_error()->code, 3);
    assert_status(WEIR_EOP, weir_stream_close(s));
    weir_plan_free(p.plan);
    weir_engine_close(p.engine);
}

/* ---- cancel and close ---- */

static void a_cancel_at_any_moment_frees_each_item_once(void **state)
{
    uint64_t random = 17;
    (void)state;
    for (int round = 0; round < 100 / SLOW_BUILD; round++) {
        shape p = shapes[draw(&random, sizeof shapes / sizeof *shapes)];
        p.merge = draw(&random, 2) == 0;
        p.unordered = draw(&random, 2) == 0;
        net n = {.a.n = UINT64_MAX, .b.n = UINT64_MAX};
        open_net(&n, &p);
        canceller c = {n.engine, (unsigned)draw(&random, 3000)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
        uint64_t value;
        weir_status status = WEIR_OK;
        while (round % 4 != 0 && (status = pull(&n, &value)) == WEIR_OK)
            if (draw(&random, 200) == 0)
                nap((unsigned)draw(&random, 300));
        pthread_join(thread, NULL);
        if (round % 4 != 0)
            assert_int_equal(status, WEIR_ECANCEL);
        do /* what was ready may still come */
            status = pull(&n, &value);
        while (status == WEIR_OK);
        assert_int_equal(status, WEIR_ECANCEL);
        close_net(&n, WEIR_ECANCEL);
    }
}

static void a_close_at_any_moment_frees_each_item_once(void **state)
{
    uint64_t random = 18;
    (void)state;
    for (int round = 0; round < 100 / SLOW_BUILD; round++) {
        shape p = shapes[draw(&random, sizeof shapes / sizeof *shapes)];
        p.merge = draw(&random, 2) == 0;
        p.unordered = draw(&random, 2) == 0;
        net n = {.a.n = round % 3 == 0 ? 50 : UINT64_MAX, .b.n = UINT64_MAX};
        open_net(&n, &p);
        uint64_t value;
        for (uint64_t pulls = draw(&random, 3) * draw(&random, 100); pulls > 0; pulls--)
            (void)pull(&n, &value); /* often it is closed without a single one */
        nap((unsigned)(draw(&random, 2) * draw(&random, 2000)));
        close_net(&n, WEIR_OK);
    }
}

static void a_stream_that_was_never_started_is_closed(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    node d = {.n = 5};
    weir_stream *s = open_stream(engine);
    weir_stage stage;
    const weir_stage_options o = blocks_of("a", 1, 2, &d);
    assert_ok(weir_stream_source(s, &o, next_block, &stage));
    assert_ok(weir_stream_close(s));
    assert_int_equal(atomic_load(&d.calls), 0);
    assert_engine_usable(engine);
    weir_engine_close(engine);
}

#define TEST(name) cmocka_unit_test_setup(name, no_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_before_a_failure_is_delivered_in_order),
        TEST(a_failed_input_of_a_zip_lets_a_slow_one_catch_up),
        TEST(a_merge_delivers_as_many_as_it_took_before_it_failed),
        TEST(an_unordered_stage_fails_after_some_of_the_others),
        TEST(a_pipeline_for_an_item_before_the_failure_still_runs),
        TEST(a_cancel_at_any_moment_frees_each_item_once),
        TEST(a_close_at_any_moment_frees_each_item_once),
        TEST(a_stream_that_was_never_started_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
