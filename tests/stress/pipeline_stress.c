/* Random pipelines under random delays: every branch runs exactly once, every gather sees all its
 * children complete and in order, and every permit and byte comes back.
 *
 * ctest runs a few hundred; WEIR_STRESS_ROUNDS and WEIR_STRESS_SEED make it longer or repeat one.
 * It must never depend on how fast the machine is: the oracle is a sequential walk of the same
 * random tree, and the asserts of the test build of the engine. */
#include "stress/pipeline_tree.h"

#include <signal.h>

#include "base/testing.h"
#include "sched/engine.h"
#include "stress/rounds.h"

#define DEFAULT_ROUNDS 300

/* ---- making pipelines and running them ---- */

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = mix(*state, 77);
    return (*state >> 16) % below;
}

static size_t round_to_record(uint64_t bytes)
{
    return (size_t)(bytes + 7) / 8 * 8;
}

static void make_layer(pipeline *p, uint32_t level, uint64_t *random)
{
    weir_layer *layer = &p->layer[level];
    const bool last = level + 1 == p->layers;
    const bool recursive = last && level > 0 && draw(random, 2) == 0;
    *layer =
        (weir_layer){.name = &"ABCDEF"[level],
                     .in_bytes = round_to_record(sizeof(branch_in) + draw(random, MOST_BYTES)),
                     .out_bytes = round_to_record(sizeof(branch_out) + draw(random, MOST_BYTES)),
                     .scratch_bytes = draw(random, 2) == 0 ? draw(random, 300) : 0,
                     .held_bytes = draw(random, 3) == 0 ? draw(random, 1000) : 0};
    if (last && !recursive) {
        layer->leaf = op_leaf;
        if (level > 0 && draw(random, 2) == 0)
            layer->leaves = op_leaves;
        return;
    }
    layer->fanout = 1 + (uint32_t)draw(random, draw(random, 4) == 0 ? 40 : 6);
    layer->child = recursive ? layer : layer + 1;
    layer->split = op_split;
    layer->gather = op_gather;
    if (recursive || draw(random, 2) == 0)
        layer->count = op_count;
    if (recursive)
        layer->max_depth = 1 + (uint32_t)draw(random, 7);
    if (layer->count != NULL && draw(random, 2) == 0)
        layer->leaf = op_leaf;
    if (layer->child->leaves == NULL && draw(random, 2) == 0)
        layer->loop = loops[level];
}

static void make_pipeline(pipeline *p, uint64_t seed)
{
    uint64_t random = mix(seed, 1);
    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->layers = 1 + (uint32_t)draw(&random, MOST_LAYERS);
    looped = p->layer;
    for (uint32_t i = p->layers; i-- > 0;)
        make_layer(p, i, &random);
    p->delay_one_in = draw(&random, 3) == 0 ? 0 : 10 + (unsigned)draw(&random, 200);
}

/* A random pipeline of a size that a test can afford, with what it must give. */
static branch_out find_pipeline(pipeline *p, uint64_t *seed, uint64_t most, tally *expected)
{
    for (;; (*seed)++) {
        make_pipeline(p, *seed);
        *expected = (tally){0};
        p->budget = most;
        const branch_in top = {.key = mix(*seed, 2)};
        const branch_out out = walk(p, &top, expected);
        if (p->budget > 0)
            return out;
    }
}

static weir_engine *open_engine(uint64_t *random, const weir_plan *plan)
{
    static const unsigned counts[] = {1, 2, 2, 3, 4, 5, 8, 16};
    weir_engine_options options = {.workers = counts[draw(random, 8)]};
    if (draw(random, 2) == 0)
        options.max_in_flight = 1 + draw(random, 2 * options.workers);
    if (draw(random, 2) == 0) {
        const uint64_t serial = weir_plan_serial_bytes(plan);
        const uint64_t full = weir_plan_certified_bytes(plan, 4, options.workers);
        options.max_bytes = serial + draw(random, full - serial + 1);
    }
    weir_engine *engine;
    assert_int_equal(weir_engine_open(&options, &engine), WEIR_OK);
    static const uint64_t times_ns[] = {0, 2000, 50000, 200000};
    engine->search_ns = times_ns[draw(random, 4)];
    return engine;
}

static void check_stats(const weir_engine *engine, const pipeline *p)
{
    weir_stats stats;
    weir_engine_stats(engine, &stats);
    assert_true(stats.peak_bytes <= stats.certified_bytes);
    assert_true(stats.certified_bytes <= weir_engine_max_bytes(engine));
    assert_true(stats.peak_in_flight <= weir_engine_max_in_flight(engine));
    assert_true(stats.peak_in_flight <= stats.promotions);
    assert_true((uint64_t)atomic_load(&p->peak_open_bytes) <= stats.peak_bytes);
    assert_int_equal(atomic_load(&p->wrong), 0);
}

static void run_once(weir_engine *engine, const weir_plan *plan, pipeline *p,
                     const branch_out *right, const tally *expected)
{
    char in[MOST_BYTES + 64] = {0}, out[MOST_BYTES + 64] = {0};
    *(branch_in *)in = (branch_in){.key = mix(p->seed, 2)};
    atomic_store(&p->splits, 0);
    atomic_store(&p->counts, 0);
    atomic_store(&p->gathers, 0);
    atomic_store(&p->leaves, 0);
    atomic_store(&p->open_bytes, 0);
    atomic_store(&p->peak_open_bytes, 0);
    const weir_status status = weir_run(engine, plan, p, in, out);
    check_stats(engine, p);
    if (p->fails_key != 0) {
        assert_int_equal(status, WEIR_EOP);
        assert_int_equal(weir_last_error()->code, p->fail_code);
        assert_true(atomic_load(&p->gathers) <= expected->gathers);
        return;
    }
    assert_int_equal(status, WEIR_OK);
    assert_memory_equal(out, right, sizeof *right);
    assert_int_equal(atomic_load(&p->splits), expected->splits);
    assert_int_equal(atomic_load(&p->counts), expected->counts);
    assert_int_equal(atomic_load(&p->gathers), expected->gathers);
    assert_int_equal(atomic_load(&p->leaves), expected->leaves);
    assert_int_equal(atomic_load(&p->open_bytes), 0);
}

/* Some branch of the tree: follows random children for a while. */
static uint64_t some_key(const pipeline *p, uint64_t *random)
{
    branch_in at = {.key = mix(p->seed, 2)};
    while (children_of(p, &at) > 0 && draw(random, 5) != 0)
        at = child_of(p, &at, (uint32_t)draw(random, children_of(p, &at)));
    return at.key;
}

static void stress_seed(uint64_t *seed, uint64_t most_branches)
{
    static pipeline p;
    tally expected;
    const branch_out right = find_pipeline(&p, seed, most_branches, &expected);
    uint64_t random = mix(*seed, 3);
    weir_plan *plan;
    assert_int_equal(weir_plan_compile(&p.layer[0], &plan), WEIR_OK);
    weir_engine *engine = open_engine(&random, plan);
    for (int run = 0; run < 3; run++) {
        weir__testing_seed(mix(*seed, (uint64_t)run));
        p.fails_key = run == 1 ? some_key(&p, &random) : 0;
        p.fail_code = 42;
        run_once(engine, plan, &p, &right, &expected);
    }
    weir__testing_seed(0);
    weir_engine_close(engine);
    weir_plan_free(plan);
    assert_int_equal(weir__testing_live_blocks(), 0);
}

static void random_pipelines_run_every_branch_once_and_give_everything_back(void **state)
{
    (void)state;
    const uint64_t rounds = environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS);
    uint64_t seed = environment_number("WEIR_STRESS_SEED", 1);
    for (uint64_t round = 0; round < rounds; round++, seed++) {
        if (getenv("WEIR_STRESS_SEED") != NULL || round % 50 == 0)
            printf("seed %llu\n", (unsigned long long)seed), fflush(stdout);
        stress_seed(&seed, round % 10 == 0 ? 20000 : 1000);
    }
}

/* ---- cancelling at random moments ---- */

typedef struct canceller {
    weir_engine *engine;
    long after_ns;
} canceller;

static void *cancel_later(void *argument)
{
    const canceller *c = argument;
    const struct timespec pause = {0, c->after_ns};
    nanosleep(&pause, NULL);
    weir_engine_cancel(c->engine);
    return NULL;
}

static void a_cancel_at_any_moment_leaves_a_clean_engine(void **state)
{
    (void)state;
    static pipeline p;
    tally expected;
    uint64_t seed = 1000, random = 5;
    const uint64_t rounds = environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS) / 3 + 1;
    for (uint64_t round = 0; round < rounds; round++, seed++) {
        const branch_out right = find_pipeline(&p, &seed, 2000, &expected);
        weir_plan *plan;
        assert_int_equal(weir_plan_compile(&p.layer[0], &plan), WEIR_OK);
        weir_engine *engine = open_engine(&random, plan);
        weir__testing_seed(seed);
        char in[MOST_BYTES + 64] = {0}, out[MOST_BYTES + 64];
        *(branch_in *)in = (branch_in){.key = mix(p.seed, 2)};
        canceller c = {engine, (long)draw(&random, 2000000)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
        const weir_status status = weir_run(engine, plan, &p, in, out);
        pthread_join(thread, NULL);
        assert_true(status == WEIR_OK || status == WEIR_ECANCEL);
        check_stats(engine, &p);
        run_once(engine, plan, &p, &right, &expected);
        weir__testing_seed(0);
        weir_engine_close(engine);
        weir_plan_free(plan);
    }
    assert_int_equal(weir__testing_live_blocks(), 0);
}

/* ---- many inputs ---- */

enum { INPUTS = 37, MOST_BRANCHES_OF_ONE = 5000 };

/* What each input gives alone; false if some input's tree is larger than a test can afford. */
static bool walk_inputs(pipeline *p, branch_out *right)
{
    tally ignored = {0};
    for (uint64_t i = 0; i < INPUTS; i++) {
        const branch_in top = {.key = mix(p->seed, i)};
        p->budget = MOST_BRANCHES_OF_ONE;
        right[i] = walk(p, &top, &ignored);
        if (p->budget == 0)
            return false;
    }
    return true;
}

static void many_inputs_give_what_each_gives_alone(void **state)
{
    (void)state;
    static pipeline p;
    static char in[INPUTS][MOST_BYTES + 64], out[INPUTS][MOST_BYTES + 64];
    branch_out right[INPUTS];
    uint64_t seed = 5000, random = 9;
    const uint64_t rounds = environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS) / 6 + 1;
    for (uint64_t round = 0; round < rounds; seed++) {
        make_pipeline(&p, seed);
        if (!walk_inputs(&p, right))
            continue;
        round++;
        weir_plan *plan;
        assert_int_equal(weir_plan_compile(&p.layer[0], &plan), WEIR_OK);
        weir_engine *engine = open_engine(&random, plan);
        weir__testing_seed(seed);
        const size_t in_bytes = p.layer[0].in_bytes, out_bytes = p.layer[0].out_bytes;
        for (uint64_t i = 0; i < INPUTS; i++)
            memcpy((char *)in + i * in_bytes, &(branch_in){.key = mix(seed, i)}, sizeof(branch_in));
        assert_int_equal(weir_run_many(engine, plan, &p, INPUTS, in, out), WEIR_OK);
        check_stats(engine, &p);
        for (uint64_t i = 0; i < INPUTS; i++)
            assert_memory_equal((char *)out + i * out_bytes, &right[i], sizeof *right);
        weir__testing_seed(0);
        weir_engine_close(engine);
        weir_plan_free(plan);
    }
}

/* ---- runs within runs ---- */

enum { DEEPEST = 3 };

/* A pipeline whose ops run the next one, and so on; all on one engine, or the middle one on another. */
typedef struct chain {
    pipeline of[DEEPEST];
    uint64_t branches[DEEPEST]; /* of one run */
    weir_engine *engine, *other;
} chain;

static weir_engine *open_for_chain(uint64_t *random)
{
    static const unsigned counts[] = {1, 2, 2, 3, 4, 8, 16};
    static const uint64_t times_ns[] = {0, 2000, 50000, 1000000};
    const weir_engine_options options = {.workers = counts[draw(random, 7)],
                                         .max_in_flight = draw(random, 3) == 0};
    weir_engine *engine;
    assert_int_equal(weir_engine_open(&options, &engine), WEIR_OK);
    engine->search_ns = times_ns[draw(random, 4)];
    return engine;
}

static void make_chain(chain *c, uint64_t *seed, uint64_t *random)
{
    static const uint64_t most[DEEPEST] = {300, 60, 60};
    c->engine = open_for_chain(random);
    c->other = draw(random, 3) == 0 ? open_for_chain(random) : NULL;
    for (int i = DEEPEST; i-- > 0; (*seed)++) { /* the last one made may have loops of its own */
        pipeline *p = &c->of[i];
        tally t;
        const branch_out right = find_pipeline(p, seed, most[i], &t);
        for (uint32_t level = 0; i > 0 && level < p->layers; level++)
            p->layer[level].loop = NULL;
        c->branches[i] = t.leaves + t.gathers;
        p->right = right;
        p->engine = i == 1 && c->other != NULL ? c->other : c->engine;
        p->inner = i + 1 < DEEPEST ? &c->of[i + 1] : NULL;
        p->nest_one_in = 1 + (unsigned)draw(random, i == 0 ? 20 : 40);
        p->leaves_early = draw(random, 2) == 0;
        p->fail_code = 42;
        p->fails_key = draw(random, i == 0 ? 4 : 8) == 0 ? some_key(p, random) : 0;
        assert_int_equal(weir_plan_compile(&p->layer[0], &p->plan), WEIR_OK);
    }
}

static void drop_chain(chain *c)
{
    for (int i = 0; i < DEEPEST; i++)
        weir_plan_free(c->of[i].plan);
    weir_engine_close(c->engine);
    weir_engine_close(c->other);
}

static weir_status run_chain(chain *c)
{
    pipeline *p = &c->of[0];
    char in[MOST_BYTES + 64] = {0}, out[MOST_BYTES + 64] = {0};
    *(branch_in *)in = (branch_in){.key = mix(p->seed, 2)};
    atomic_store(&p->runs_begun, 1);
    for (int i = 1; i < DEEPEST; i++)
        atomic_store(&c->of[i].runs_begun, 0);
    const weir_status status = weir_run(c->engine, p->plan, p, in, out);
    if (status == WEIR_OK)
        assert_memory_equal(out, &p->right, sizeof p->right);
    for (int i = 0; i < DEEPEST; i++)
        assert_int_equal(atomic_load(&c->of[i].wrong), 0);
    return status;
}

/* Each branch of each run counts once, unless some were never begun. */
static void check_branches(const chain *c)
{
    weir_stats stats;
    uint64_t branches = 0;
    if (c->other != NULL)
        return;
    for (int i = 0; i < DEEPEST; i++) {
        if (c->of[i].fails_key != 0)
            return;
        branches += atomic_load(&c->of[i].runs_begun) * c->branches[i];
    }
    weir_engine_stats(c->engine, &stats);
    assert_int_equal(stats.branches, branches);
}

static weir_engine *signalled;

static void cancel_in_handler(int number)
{
    (void)number;
    weir_engine_cancel(signalled);
}

typedef struct signaller {
    pthread_t to;
    long after_ns;
} signaller;

static void *signal_later(void *argument)
{
    const signaller *s = argument;
    const struct timespec pause = {0, s->after_ns};
    nanosleep(&pause, NULL);
    pthread_kill(s->to, SIGUSR1);
    return NULL;
}

static void cancel_chain(chain *c, uint64_t *random)
{
    const long after_ns = (long)draw(random, 2000000);
    canceller by_call = {c->engine, after_ns};
    signaller by_signal = {pthread_self(), after_ns};
    pthread_t thread;
    const bool in_handler = draw(random, 2) == 0;
    signalled = c->engine;
    assert_int_equal(in_handler ? pthread_create(&thread, NULL, signal_later, &by_signal)
                                : pthread_create(&thread, NULL, cancel_later, &by_call),
                     0);
    const weir_status status = run_chain(c);
    pthread_join(thread, NULL);
    if (c->of[0].fails_key == 0)
        assert_true(status == WEIR_OK || status == WEIR_ECANCEL);
    else
        assert_true(status == WEIR_EOP || status == WEIR_ECANCEL);
}

static void pipelines_within_pipelines_give_what_each_gives_alone(void **state)
{
    (void)state;
    static chain c;
    uint64_t seed = environment_number("WEIR_STRESS_SEED", 1) + 20000, random = seed;
    const uint64_t rounds = environment_number("WEIR_STRESS_ROUNDS", DEFAULT_ROUNDS) / 3 + 1;
    struct sigaction before, handler = {.sa_handler = cancel_in_handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &handler, &before);
    for (uint64_t round = 0; round < rounds; round++) {
        make_chain(&c, &seed, &random);
        weir__testing_seed(seed);
        const weir_status status = run_chain(&c);
        assert_int_equal(status, c.of[0].fails_key == 0 ? WEIR_OK : WEIR_EOP);
        check_branches(&c);
        cancel_chain(&c, &random);
        weir__testing_seed(0);
        drop_chain(&c);
        assert_int_equal(weir__testing_live_blocks(), 0);
    }
    sigaction(SIGUSR1, &before, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_pipelines_run_every_branch_once_and_give_everything_back),
        cmocka_unit_test(a_cancel_at_any_moment_leaves_a_clean_engine),
        cmocka_unit_test(many_inputs_give_what_each_gives_alone),
        cmocka_unit_test(pipelines_within_pipelines_give_what_each_gives_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
