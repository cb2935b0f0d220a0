/* Random streams under random delays: every item goes the right way once, in order where there is
 * one, no bound is passed, failures come where they belong, and everything comes back.
 *
 * ctest runs a few hundred; WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED make it longer or repeat one.
 * It must never depend on how fast the machine is: the oracle is a sequential walk of the same
 * graph, and the asserts of the test build of the engine. */
#include "stream_support.h"

#include "base/testing.h"
#include "stress/rounds.h"
#include "stress/stream_graph.h"

enum { DEFAULT_ROUNDS = 150 };

/* ---- the ops ---- */

static void add_one(atomic_uint_least64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void delay(const node *d, uint64_t key)
{
    if (d->delay_one_in > 0 && (key >> 20) % d->delay_one_in == 0)
        nap((unsigned)(key >> 32) % 200);
}

static int op_next(void *state, void *item)
{
    node *d = state;
    meter_begin(&d->meter);
    const uint64_t i = atomic_fetch_add(&d->next, 1), key = key_of(d->seed, i);
    delay(d, key);
    const bool fails = i < d->n && key == d->fails_key, gives = i < d->n && !fails;
    if (gives) {
        *(uint64_t *)item = key;
        add_one(&d->yielded);
    }
    meter_end(&d->meter, gives);
    return fails ? 42 : gives ? WEIR_OK : WEIR_END;
}

static int op_work(void *state, const void *const *items, weir_yielder *y)
{
    node *d = state;
    const unsigned inputs = d->merge ? 1 : d->inputs;
    uint64_t keys[MOST_INPUTS];
    for (unsigned i = 0; i < inputs; i++)
        keys[i] = *(const uint64_t *)items[i];
    for (unsigned i = 0; i < inputs && !d->merge; i++) {
        meter_take(&d->input[i]->meter);
        add_one(&d->input[i]->taken_items);
    }
    if (d->merge) /* whose it was is not told; all inputs are counted together */
        add_one(&d->input[0]->taken_items);
    meter_begin(&d->meter);
    const unsigned job = weir_yielder_job(y);
    if (job >= d->jobs || atomic_fetch_add(&d->job[job], 1) != 0)
        add_one(&d->wrong);
    const uint64_t key = call_key(d, keys, inputs);
    const bool fails = key == d->fails_key;
    const uint64_t n = fails ? 0 : yields_of(d, key);
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t out = key_of(key, i);
        delay(d, out);
        add_one(weir_yield(y, &out) == WEIR_OK ? &d->yielded : &d->wrong);
    }
    atomic_fetch_sub(&d->job[job], 1);
    meter_end(&d->meter, (int64_t)n);
    return fails ? 42 : 0;
}

static void op_destroy(void *state, void *item)
{
    (void)item;
    add_one(&((node *)state)->destroyed);
}

/* ---- one stream ---- */

static weir_stream *build(weir_engine *engine, graph *g)
{
    weir_stream *s = open_stream(engine);
    for (unsigned i = 0; i < g->nodes; i++) {
        node *d = &g->node[i];
        weir_stage inputs[MOST_INPUTS];
        weir_stage_options o = stage_of(d->name, d->jobs, d->buffer, d);
        o.max_yield = d->max_yield == 1 ? 0 : d->max_yield;
        o.unordered = d->unordered;
        o.join = d->merge ? WEIR_MERGE : WEIR_ZIP;
        o.destroy = op_destroy;
        for (unsigned k = 0; k < d->inputs; k++)
            inputs[k] = d->input[k]->stage;
        if (d->inputs == 0)
            assert_ok(weir_stream_source(s, &o, op_next, &d->stage));
        else
            assert_ok(weir_stream_stage(s, &o, op_work, d->inputs, inputs, &d->stage));
        memset(&d->meter, 0, sizeof d->meter);
        d->meter.max_yield = d->max_yield;
        atomic_store(&d->next, 0);
        atomic_store(&d->yielded, 0);
        atomic_store(&d->taken_items, 0);
        atomic_store(&d->destroyed, 0);
        atomic_store(&d->wrong, 0);
    }
    return s;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Every item got is one of those that must come, and none twice. */
static void check_subset(node *last, uint64_t *got, uint64_t n)
{
    uint64_t at = 0, wrong = 0;
    qsort(got, n, sizeof *got, compare);
    qsort(last->give, last->count, sizeof *last->give, compare);
    for (uint64_t i = 0; i < n; i++) {
        while (at < last->count && last->give[at] < got[i])
            at++;
        wrong += at == last->count || last->give[at] != got[i];
        at++;
    }
    assert_int_equal(wrong, 0);
}

static bool some_failed(const graph *g)
{
    for (unsigned i = 0; i < g->nodes; i++)
        if (g->node[i].fails_key != 0)
            return true;
    return false;
}

/* What came is right; `whole` if the stream was left to come to its end or its failure. */
static void check_items(graph *g, uint64_t *got, uint64_t n, weir_status status, bool whole)
{
    node *last = &g->node[g->nodes - 1];
    assert_true(n <= last->count || !last->ordered || some_failed(g));
    if (last->ordered) {
        assert_true(n <= last->count);
        assert_memory_equal(got, last->give, n * sizeof *got);
        if (whole)
            assert_int_equal(n, last->count);
        if (whole && !last->may_end)
            assert_int_equal(status, last->fails ? WEIR_EOP : WEIR_END);
    } else {
        if (whole && !some_failed(g)) {
            assert_int_equal(n, last->count);
            assert_int_equal(status, WEIR_END);
        }
        check_subset(last, got, n);
    }
}

static void check_counts(const graph *g)
{
    for (unsigned i = 0; i < g->nodes; i++) {
        const node *d = &g->node[i];
        uint64_t in = 0, out = 0;
        assert_int_equal(atomic_load(&d->wrong), 0);
        assert_in_range(atomic_load(&d->meter.most_calls), 1 - (atomic_load(&d->yielded) == 0),
                        d->jobs);
        if (!d->taken)
            assert_in_range(atomic_load(&d->meter.most_held), 0, d->buffer);
        for (unsigned k = 0; k < d->inputs; k++) {
            in += atomic_load(&d->input[k]->yielded);
            out += atomic_load(&d->input[k]->taken_items) + atomic_load(&d->input[k]->destroyed);
            /* Inputs of calls that have room, but have not begun, still count there. */
            if (!d->merge)
                assert_true(atomic_load(&d->input[k]->meter.most_held) <=
                            (int64_t)(d->input[k]->buffer + d->buffer / d->max_yield));
        }
        assert_int_equal(in, out);
    }
    const node *last = &g->node[g->nodes - 1];
    assert_int_equal(atomic_load(&last->yielded),
                     atomic_load(&last->taken_items) + atomic_load(&last->destroyed));
}

/* Now and then waits in turns of up to some tens of microseconds, or not at all. */
static weir_status next_somehow(weir_stream *s, const node *last, uint64_t *random, uint64_t *item)
{
    weir_status status = WEIR_ETIME;
    if (draw(random, 8) > 0)
        return weir_next(s, last->stage, item);
    while (status == WEIR_ETIME)
        status = weir_next_until(s, last->stage, item, draw(random, 2) * draw(random, 50000));
    return status;
}

/* Pulls at most `most` items, with pauses. */
static weir_status pull(weir_stream *s, node *last, uint64_t *random, uint64_t most, uint64_t *got,
                        uint64_t *n)
{
    weir_status status = WEIR_OK;
    for (*n = 0; *n < most; ++*n) {
        if (draw(random, 60) == 0)
            nap((unsigned)draw(random, 400));
        meter_take(&last->meter);
        status = next_somehow(s, last, random, &got[*n]);
        if (status != WEIR_OK)
            break;
        add_one(&last->taken_items);
    }
    return status;
}

static void run_once(weir_engine *engine, graph *g, uint64_t *random, uint64_t most)
{
    static uint64_t got[MOST_ITEMS + 1];
    node *last = &g->node[g->nodes - 1];
    uint64_t n, ignored;
    weir_stream *s = build(engine, g);
    assert_ok(weir_stream_start(s));
    const weir_status status = pull(s, last, random, most, got, &n);
    const bool stopped = status == WEIR_OK || status == WEIR_ECANCEL;
    for (int i = 0; !stopped && i < 2; i++) {
        const weir_status again = weir_next(s, last->stage, &ignored);
        assert_true(again == status || (status == WEIR_EOP && again == WEIR_ECANCEL));
    }
    const weir_status closed = weir_stream_close(s);
    if (status == WEIR_EOP)
        assert_int_equal(closed, WEIR_EOP);
    if (status == WEIR_END && !some_failed(g) && closed != WEIR_ECANCEL)
        assert_int_equal(closed, WEIR_OK);
    check_items(g, got, n, status, !stopped);
    check_counts(g);
}

static weir_engine *open_some_engine(uint64_t *random)
{
    static const unsigned counts[] = {1, 2, 2, 3, 4, 5, 8, 16};
    return open_engine(counts[draw(random, 8)], 0, 0);
}

static uint64_t rounds(void)
{
    return environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS / SLOW_BUILD);
}

static void random_streams_give_each_item_once_and_everything_back(void **state)
{
    static graph g;
    uint64_t seed = environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds(); round++, seed++) {
        uint64_t random = mix(seed, 3);
        note_seed(seed);
        make_graph(&g, &seed);
        weir_engine *engine = open_some_engine(&random);
        weir__testing_seed(mix(seed, 4));
        run_once(engine, &g, &random, MOST_ITEMS + 1);
        run_once(engine, &g, &random, draw(&random, 60)); /* closed early */
        fail_somewhere(&g, &random);
        run_once(engine, &g, &random, MOST_ITEMS + 1);
        weir__testing_seed(0);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

static void run_and_cancel(weir_engine *engine, graph *g, uint64_t *random)
{
    canceller c = {engine, (unsigned)draw(random, 2000)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    run_once(engine, g, random, MOST_ITEMS + 1);
    pthread_join(thread, NULL);
}

static void a_cancel_at_any_moment_leaves_a_clean_engine(void **state)
{
    static graph g;
    uint64_t seed = 1000 + environment_number("WEIR_STRESS_SEED", 1);
    (void)state;
    for (uint64_t round = 0; round < rounds() / 2 + 1; round++, seed++) {
        uint64_t random = mix(seed, 3);
        note_seed(seed);
        make_graph(&g, &seed);
        weir_engine *engine = open_some_engine(&random);
        weir__testing_seed(mix(seed, 4));
        run_and_cancel(engine, &g, &random);
        run_once(engine, &g, &random, MOST_ITEMS + 1);
        fail_somewhere(&g, &random);
        run_and_cancel(engine, &g, &random);
        weir__testing_seed(0);
        weir_engine_close(engine);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_streams_give_each_item_once_and_everything_back),
        cmocka_unit_test(a_cancel_at_any_moment_leaves_a_clean_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
