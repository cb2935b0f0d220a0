/* Tests what calls of a stream share with it: the bytes of one engine, for runs in place.
 *
 * Run by ctest against the public headers only. */
#include "stream_support.h"

/* A stage whose calls run a plan with a single leaf, which waits for the others. */
typedef struct sharer {
    weir_engine *engine;
    weir_plan *plan;
    bool in_turn;                        /* one call runs after the other, each on its own worker */
    atomic_uint_least64_t calls;         /* that have come */
    atomic_uint_least64_t inside;        /* leaves that have come, */
    atomic_uint_least64_t refused, over; /* and runs */
    atomic_uint_least64_t wrong;
    pthread_t thread[2];
} sharer;

/* Until both calls are inside, or one has been sent away. */
static int wait_for_both(weir_branch *b, const void *in, void *out)
{
    sharer *p = weir_context(b);
    (void)in, (void)out;
    atomic_fetch_add(&p->inside, 1);
    for (int i = 0; i < 100000 && !p->in_turn; i++) {
        if (atomic_load(&p->inside) + atomic_load(&p->refused) >= 2)
            return 0;
        nap(100);
    }
    return p->in_turn ? 0 : 7;
}

static weir_status run_plan(sharer *p)
{
    const uint64_t in = 0;
    uint64_t out = 0;
    return weir_run(p->engine, p->plan, p, &in, &out);
}

static void run_at_once(sharer *p)
{
    const weir_status status = run_plan(p);
    if (status == WEIR_EBUDGET) {
        if (strstr(weir_last_error()->text, "max_bytes leaves ") == NULL)
            atomic_fetch_add(&p->wrong, 1);
        atomic_fetch_add(&p->refused, 1);
        if (!reaches(&p->over, 1) || run_plan(p) != WEIR_OK) /* now the other's bytes are there */
            atomic_fetch_add(&p->wrong, 1);
    } else {
        if (status != WEIR_OK)
            atomic_fetch_add(&p->wrong, 1);
        atomic_fetch_add(&p->over, 1);
    }
}

static int share(void *state, const void *const *items, weir_yielder *y)
{
    sharer *p = state;
    const uint64_t number = *(const uint64_t *)items[0];
    p->thread[number] = pthread_self();
    atomic_fetch_add(&p->calls, 1);
    if (!reaches(&p->calls, 2)) /* so that no worker makes both calls */
        atomic_fetch_add(&p->wrong, 1);
    if (!p->in_turn) {
        run_at_once(p);
    } else {
        if (!reaches(&p->over, number) || run_plan(p) != WEIR_OK)
            atomic_fetch_add(&p->wrong, 1);
        atomic_fetch_add(&p->over, 1);
    }
    (void)weir_yield(y, items[0]);
    return 0;
}

/* Two calls at once, with max_bytes for the stream and this much more. Returns how many runs were
 * refused. */
static uint64_t share_bytes(weir_plan *plan, uint64_t more, bool in_turn)
{
    uint64_t bytes = 0, refused = 0;
    for (int measured = 0; measured < 2; measured++) {
        weir_engine *engine = open_engine(2, 0, measured == 0 ? 0 : (size_t)(bytes + more));
        sharer p = {.engine = engine, .plan = plan, .in_turn = in_turn};
        numbers source = {.n = 2};
        weir_stream *s = open_stream(engine);
        const weir_stage_options o = stage_of("share", 2, 2, &p);
        const weir_stage last = add_stage(s, &o, share, add_numbers(s, "numbers", 2, &source));
        bytes = weir_stream_certified_bytes(s);
        if (measured == 1) {
            assert_ok(weir_stream_start(s));
            for (uint64_t i = 0; i < 2; i++)
                expect_number(s, last, i);
            refused = atomic_load(&p.refused);
            assert_int_equal(atomic_load(&p.wrong), 0);
            assert_false(pthread_equal(p.thread[0], p.thread[1]));
        }
        assert_ok(weir_stream_close(s));
        weir_engine_close(engine);
    }
    return refused;
}

static weir_plan *compile_leaf(void)
{
    const weir_layer leaf = {.name = "leaf",
                             .in_bytes = sizeof(uint64_t),
                             .out_bytes = sizeof(uint64_t),
                             .held_bytes = 1000,
                             .scratch_bytes = 500,
                             .leaf = wait_for_both};
    return compile(&leaf);
}

static void a_run_in_a_call_gives_its_bytes_back_at_its_end(void **state)
{
    (void)state;
    weir_plan *plan = compile_leaf();
    for (int i = 0; i < 20 / SLOW_BUILD + 1; i++)
        assert_int_equal(share_bytes(plan, weir_plan_serial_bytes(plan), true), 0);
    weir_plan_free(plan);
}

static void runs_in_calls_share_max_bytes_to_the_byte(void **state)
{
    (void)state;
    weir_plan *plan = compile_leaf();
    const uint64_t both = 2 * weir_plan_serial_bytes(plan);
    for (int i = 0; i < 20 / SLOW_BUILD + 1; i++) {
        assert_int_equal(share_bytes(plan, both, false), 0);
        assert_int_equal(share_bytes(plan, both - 1, false), 1);
    }
    weir_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_in_a_call_gives_its_bytes_back_at_its_end),
        cmocka_unit_test(runs_in_calls_share_max_bytes_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
