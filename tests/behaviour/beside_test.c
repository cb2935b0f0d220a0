/* Runs beside a stream on one engine, by other threads than the stream's. */
#include "stream_support.h"

#include "sched/here.h"
#include "sched/host.h" /* how many runs wait for bytes, and what polls look at */

enum { MOST_RUNNERS = 8 };

/* A stream of numbers without end through a stage that changes them, on an engine of so many workers. */
typedef struct beside {
    weir_engine *engine;
    weir_stream *s;
    weir_stage last;
    uint64_t fails_at; /* if not 0, the source's call */
    numbers source;
    uint64_t taken;
} beside;

static int pass(void *state, const void *const *items, weir_yielder *y)
{
    (void)state;
    return weir_yield(y, items[0]);
}

static void begin_stream(beside *b, uint64_t n)
{
    const weir_stage_options o = stage_of("pass", 2, 16, NULL);
    b->source = (numbers){.n = n, .fails_at = b->fails_at, .code = b->fails_at > 0 ? 3 : 0};
    b->taken = 0;
    b->s = open_stream(b->engine);
    const weir_stage in = add_numbers(b->s, "in", 16, &b->source);
    assert_ok(weir_stream_stage(b->s, &o, pass, 1, &in, &b->last));
    /* Where no stream was open just now, a run may have the engine for itself. */
    weir_status status = WEIR_EBUSY;
    for (unsigned i = 0; i < 100000 && status == WEIR_EBUSY; i++) {
        nap(i > 0 ? 100 : 0);
        status = weir_stream_start(b->s);
    }
    assert_int_equal(status, WEIR_OK);
}

static void take_numbers(beside *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t item;
        assert_ok(weir_next(b->s, b->last, &item));
        assert_true(item == b->taken++);
    }
}

/* ---- threads that run ---- */

typedef struct runner {
    beside *b;
    unsigned times, height;
    const char *wrong;
    atomic_uint_least64_t done;
} runner;

static const char *run_tree(weir_engine *engine, const weir_plan *plan, uint32_t height)
{
    const tree_node in = {.id = 1, .height = height};
    tree context = {.fanout = 3, .spin = 20};
    weir_stats s;
    uint64_t out;
    if (weir_run(engine, plan, &context, &in, &out) != WEIR_OK)
        return weir_last_error()->text;
    weir_engine_stats(engine, &s);
    if (out != tree_answer(in, 3))
        return "the answer";
    if (s.branches != tree_branches(height, 3))
        return "the branches in its statistics";
    if (s.workers != weir_engine_workers(engine))
        return "the workers in its statistics";
    if (s.peak_bytes == 0 || s.peak_bytes > s.certified_bytes)
        return "the bytes in its statistics";
    return NULL;
}

static void *run_trees(void *argument)
{
    runner *r = argument;
    weir_layer layer;
    weir_plan *plan;
    tree_describe(&layer, 3, r->height);
    if (weir_plan_compile(&layer, &plan) != WEIR_OK)
        return "compile";
    for (unsigned i = 0; i < r->times && r->wrong == NULL; i++)
        r->wrong = run_tree(r->b->engine, plan, r->height);
    weir_plan_free(plan);
    atomic_store(&r->done, 1);
    return NULL;
}

static void start(pthread_t *thread, void *(*f)(void *), void *argument)
{
    assert_int_equal(pthread_create(thread, NULL, f, argument), 0);
}

static void runs_of_other_threads_and_an_open_stream_go_on_side_by_side(void **state)
{
    static const unsigned workers[] = {1, 2, 3, 8};
    (void)state;
    for (size_t k = 0; k < sizeof workers / sizeof *workers; k++) {
        beside b = {.engine = open_engine(workers[k], 0, 0)};
        runner of[3];
        pthread_t thread[3];
        begin_stream(&b, UINT64_MAX);
        for (unsigned i = 0; i < 3; i++) {
            of[i] = (runner){.b = &b, .times = 60 / SLOW_BUILD + 1, .height = 3 + 2 * i};
            start(&thread[i], run_trees, &of[i]);
        }
        for (unsigned i = 0; i < 3; i++) {
            take_numbers(&b, 500);
            while (atomic_load(&of[i].done) == 0)
                take_numbers(&b, 10);
        }
        for (unsigned i = 0; i < 3; i++) {
            pthread_join(thread[i], NULL);
            if (of[i].wrong != NULL)
                fail_msg("of a run: %s", of[i].wrong);
        }
        assert_ok(weir_stream_close(b.s));
        assert_tree_runs(b.engine, 2, 6);
        weir_engine_close(b.engine);
    }
}

static void both_go_on_where_the_consumer_does_not_pull(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        beside b = {.engine = open_engine(workers, 0, 0)};
        begin_stream(&b, UINT64_MAX);
        (void)come_to_rest(&b.source.calls); /* all workers sleep */
        for (unsigned i = 0; i < 5; i++)
            assert_tree_runs(b.engine, 3, 4);
        take_numbers(&b, 100);
        assert_ok(weir_stream_close(b.s));
        weir_engine_close(b.engine);
    }
}

/* ---- where workers are counted ---- */

static atomic_uint_least64_t counted_elsewhere;

/* In an op of its own item, which began beside others. */
static int look_where_it_is_counted(weir_branch *b, const void *in, void *out)
{
    const weir__here *here = weir__here_top();
    const weir__run *at_work = here->worker->at_work;
    if (at_work != NULL && at_work != here->now.run->root)
        atomic_fetch_add(&counted_elsewhere, 1);
    return tree_leaf(b, in, out);
}

static void *run_counted_trees(void *argument)
{
    weir_engine *engine = argument;
    const tree_node in = {.id = 1, .height = 5};
    tree context = {.fanout = 3, .spin = 500};
    weir_layer layer;
    weir_plan *plan;
    uint64_t out;
    tree_describe(&layer, 3, 5);
    layer.leaf = look_where_it_is_counted;
    if (weir_plan_compile(&layer, &plan) != WEIR_OK)
        return "compile";
    for (unsigned i = 0; i < 200 / SLOW_BUILD; i++) {
        weir_status status; /* where no stream is open just now, another's may have the engine */
        while ((status = weir_run(engine, plan, &context, &in, &out)) == WEIR_EBUSY)
            nap(100);
        if (status != WEIR_OK)
            return "run";
    }
    weir_plan_free(plan);
    return NULL;
}

static void a_worker_is_counted_with_the_root_whose_ops_it_runs(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        beside b = {.engine = open_engine(workers, 0, 0)};
        pthread_t thread[4];
        begin_stream(&b, UINT64_MAX);
        for (unsigned i = 0; i < 4; i++)
            start(&thread[i], run_counted_trees, b.engine);
        for (unsigned i = 0; i < 50; i++) {
            take_numbers(&b, 20);
            assert_ok(weir_stream_close(b.s));
            begin_stream(&b, UINT64_MAX);
        }
        for (unsigned i = 0; i < 4; i++) {
            void *wrong;
            pthread_join(thread[i], &wrong);
            assert_null(wrong);
        }
        assert_int_equal(atomic_load(&counted_elsewhere), 0);
        assert_ok(weir_stream_close(b.s));
        weir_engine_close(b.engine);
    }
}

/* ---- polls ---- */

static int look_at_the_word(weir_branch *b, const void *in, void *out)
{
    const weir__worker *worker = weir__here_top()->worker;
    unsigned *asked = weir_context(b);
    (void)in, (void)out;
    *asked += __atomic_load_n(weir__mail_signal(worker->mail, worker->index), __ATOMIC_RELAXED) !=
              WEIR__RUN;
    return 0;
}

static void beside_an_idle_stream_polls_cost_no_more_than_without(void **state)
{
    enum { LEAVES = 10000 };
    const weir_layer leaf = {.name = "leaf", .leaf = look_at_the_word};
    const weir_layer top = {.name = "top",
                            .fanout = LEAVES,
                            .split = split_nothing,
                            .gather = gather_nothing,
                            .child = &leaf};
    unsigned asked = 0;
    (void)state;
    weir_plan *plan = compile(&top);
    beside b = {.engine = open_engine(1, 0, 0)};
    begin_stream(&b, UINT64_MAX);
    (void)come_to_rest(&b.source.calls);
    assert_ok(weir_run(b.engine, plan, &asked, NULL, NULL));
    assert_in_range(asked, 0, LEAVES / 100);
    take_numbers(&b, 100);
    assert_ok(weir_stream_close(b.s));
    weir_plan_free(plan);
    weir_engine_close(b.engine);
}

/* ---- runs without end ---- */

/* Threads that run one short tree after the other, until they are told to stop. */
typedef struct crowd {
    weir_engine *engine;
    weir_plan *plan;
    atomic_bool stops;
    atomic_uint_least64_t runs, failed;
    pthread_t thread[MOST_RUNNERS];
} crowd;

static void *run_on(void *argument)
{
    crowd *c = argument;
    const tree_node in = {.id = 1, .height = 1};
    tree context = {.fanout = 3, .spin = 100};
    uint64_t out;
    while (!atomic_load(&c->stops)) {
        if (weir_run(c->engine, c->plan, &context, &in, &out) != WEIR_OK)
            atomic_fetch_add(&c->failed, 1);
        atomic_fetch_add(&c->runs, 1);
    }
    return NULL;
}

static void a_stream_has_its_share_however_many_runs_come(void **state)
{
    enum { ITEMS = 1000 };
    weir_layer layer;
    tree_describe(&layer, 3, 1);
    weir_plan *plan = compile(&layer);
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        crowd c = {.engine = open_engine(workers, 0, 0), .plan = plan};
        numbers source = {.n = UINT64_MAX, .nap_us = 20};
        const weir_stage_options o = stage_of("in", workers, 2 * ITEMS, &source);
        weir_stream *s = open_stream(c.engine);
        weir_stage last;
        assert_ok(weir_stream_source(s, &o, next_number, &last));
        assert_ok(weir_stream_start(s));
        for (unsigned i = 0; i < MOST_RUNNERS; i++)
            start(&c.thread[i], run_on, &c);
        assert_true(reaches(&source.calls, ITEMS));
        const uint64_t runs = atomic_load(&c.runs);
        atomic_store(&c.stops, true);
        for (unsigned i = 0; i < MOST_RUNNERS; i++)
            pthread_join(c.thread[i], NULL);
        assert_int_equal(atomic_load(&c.failed), 0);
        assert_true(runs < 10 * ITEMS); /* a call of the stream for each, or more */
        assert_ok(weir_stream_close(s));
        weir_engine_close(c.engine);
    }
    weir_plan_free(plan);
}

/* ---- a run that waits at a gate ---- */

typedef struct gated {
    beside *b;
    const weir_layer *layer; /* of its run */
    gate g;
    weir_status status;
    weir_status inside; /* what the op got for what it tried */
} gated;

static int wait_in_leaf(weir_branch *b, const void *in, void *out)
{
    gated *r = weir_context(b);
    (void)in, (void)out;
    gate_wait(&r->g);
    return weir_stopping(b) ? 7 : 0;
}

static const weir_layer gate_layer = {.name = "gate", .leaf = wait_in_leaf};

static void *run_gated(void *argument)
{
    gated *r = argument;
    weir_plan *plan;
    r->status = weir_plan_compile(r->layer, &plan);
    if (r->status != WEIR_OK)
        return NULL;
    r->status = weir_run(r->b->engine, plan, r, NULL, NULL);
    weir_plan_free(plan);
    return NULL;
}

static void closing_a_stream_waits_for_its_own_calls_only(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        beside b = {.engine = open_engine(workers, 0, 0)};
        gated r = {.b = &b, .layer = &gate_layer};
        pthread_t thread;
        begin_stream(&b, UINT64_MAX);
        take_numbers(&b, 5);
        start(&thread, run_gated, &r);
        assert_true(reaches(&r.g.waiting, 1));
        if (workers > 1) /* else the worker stands at the gate */
            take_numbers(&b, 100);
        assert_ok(weir_stream_close(b.s)); /* the run is under way still */
        begin_stream(&b, UINT64_MAX);      /* and the next stream beside it */
        if (workers > 1)
            take_numbers(&b, 100);
        atomic_store(&r.g.open, true);
        pthread_join(thread, NULL);
        assert_status(WEIR_OK, r.status);
        take_numbers(&b, 100);
        assert_ok(weir_stream_close(b.s));
        weir_engine_close(b.engine);
    }
}

static void the_run_outlives_the_stream_and_the_engine_is_free_when_it_is_done(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        beside b = {.engine = open_engine(workers, 0, 0)};
        gated r = {.b = &b, .layer = &gate_layer};
        pthread_t thread;
        begin_stream(&b, UINT64_MAX);
        start(&thread, run_gated, &r);
        assert_true(reaches(&r.g.waiting, 1));
        assert_ok(weir_stream_close(b.s));
        atomic_store(&r.g.open, true);
        pthread_join(thread, NULL);
        assert_status(WEIR_OK, r.status);
        assert_tree_runs(b.engine, 2, 5); /* alone again */
        weir_engine_close(b.engine);
    }
}

static void a_cancel_stops_the_stream_and_the_runs_beside_it(void **state)
{
    (void)state;
    beside b = {.engine = open_engine(2, 0, 0)};
    gated r = {.b = &b, .layer = &gate_layer};
    pthread_t thread;
    uint64_t item;
    begin_stream(&b, UINT64_MAX);
    start(&thread, run_gated, &r);
    assert_true(reaches(&r.g.waiting, 1));
    weir_engine_cancel(b.engine);
    atomic_store(&r.g.open, true);
    pthread_join(thread, NULL);
    assert_int_equal(r.status, WEIR_ECANCEL);
    while (weir_next(b.s, b.last, &item) == WEIR_OK)
        ;
    assert_int_equal(weir_last_error()->status, WEIR_ECANCEL);
    assert_tree_runs(b.engine, 2, 5); /* what begins later is not cancelled */
    assert_status(WEIR_ECANCEL, weir_stream_close(b.s));
    weir_engine_close(b.engine);
}

static int fail_in_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 5;
}

static void a_failure_of_one_is_not_the_others(void **state)
{
    const weir_layer layer = {.name = "fails", .leaf = fail_in_leaf};
    weir_plan *plan = compile(&layer);
    (void)state;
    beside b = {.engine = open_engine(2, 0, 0)};
    begin_stream(&b, 1000);
    take_numbers(&b, 10);
    assert_status(WEIR_EOP, weir_run(b.engine, plan, NULL, NULL, NULL));
    assert_int_equal(weir_last_error()->code, 5);
    take_numbers(&b, 500);
    assert_ok(weir_stream_close(b.s));
    b.fails_at = 100;
    begin_stream(&b, 1000);
    take_numbers(&b, 100);
    assert_status(WEIR_EOP, weir_next(b.s, b.last, &b.taken));
    assert_tree_runs(b.engine, 2, 6);
    assert_status(WEIR_EOP, weir_stream_close(b.s));
    assert_tree_runs(b.engine, 2, 6);
    weir_plan_free(plan);
    weir_engine_close(b.engine);
}

static int do_nothing(void *context, unsigned worker)
{
    (void)context, (void)worker;
    return 0;
}

static void what_needs_the_engine_for_itself_is_refused(void **state)
{
    (void)state;
    beside b = {.engine = open_engine(2, 0, 0)};
    numbers source = {.n = 5};
    begin_stream(&b, UINT64_MAX);
    weir_stream *second = open_stream(b.engine);
    add_numbers(second, "in", 1, &source);
    assert_status(WEIR_EBUSY, weir_stream_start(second));
    assert_status(WEIR_EBUSY, weir_each_worker(b.engine, do_nothing, NULL));
    take_numbers(&b, 50);
    assert_ok(weir_stream_close(b.s));
    assert_ok(weir_stream_start(second));
    assert_ok(weir_stream_close(second));
    assert_ok(weir_each_worker(b.engine, do_nothing, NULL));
    weir_engine_close(b.engine);
}

/* ---- ops that would wait for themselves ---- */

static int close_the_stream(weir_branch *b, const void *in, void *out)
{
    gated *r = weir_context(b);
    (void)in, (void)out;
    r->inside = weir_stream_close(r->b->s);
    return 0;
}

static void an_op_beside_a_stream_cannot_close_it(void **state)
{
    const weir_layer layer = {.name = "closes", .leaf = close_the_stream};
    weir_plan *plan = compile(&layer);
    (void)state;
    beside b = {.engine = open_engine(1, 0, 0)};
    gated r = {.b = &b};
    begin_stream(&b, UINT64_MAX);
    assert_ok(weir_run(b.engine, plan, &r, NULL, NULL));
    assert_int_equal(r.inside, WEIR_EBUSY);
    take_numbers(&b, 20);
    assert_ok(weir_stream_close(b.s));
    weir_plan_free(plan);
    weir_engine_close(b.engine);
}

/* A leaf of a run on the second engine, on whichever of its workers, runs something on the first, whose
 * stage call waits for it. */
typedef struct circle {
    weir_engine *first, *second;
    weir_plan *outer, *inner;
    atomic_uint_least64_t busy, other;
} circle;

static int nothing(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 0;
}

static int run_on_the_first(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *out)
{
    circle *c = weir_context(b);
    (void)in, (void)first, (void)n, (void)out;
    nap(2000);
    const weir_status status = weir_run(c->first, c->inner, NULL, NULL, NULL);
    atomic_fetch_add(status == WEIR_EBUSY ? &c->busy : &c->other, 1);
    return status == WEIR_EBUSY || status == WEIR_OK ? 0 : 1;
}

static int run_on_the_second(void *state, const void *const *items, weir_yielder *y)
{
    circle *c = state;
    if (weir_run(c->second, c->outer, c, NULL, NULL) != WEIR_OK)
        return 1;
    return weir_yield(y, items[0]);
}

static void a_run_that_an_op_of_the_same_engine_waits_for_elsewhere_is_refused(void **state)
{
    const weir_layer inner = {.name = "inner", .leaf = nothing};
    const weir_layer leaves = {.name = "leaves", .leaves = run_on_the_first};
    const weir_layer outer = {
        .name = "outer", .fanout = 8, .gather = gather_nothing, .child = &leaves};
    (void)state;
    circle c = {.first = open_engine(1, 0, 0),
                .second = open_engine(2, 0, 0),
                .outer = compile(&outer),
                .inner = compile(&inner)};
    numbers source = {.n = 5};
    weir_stage last;
    uint64_t item;
    weir_stream *s = open_stream(c.first);
    const weir_stage_options o = stage_of("circle", 1, 2, &c);
    const weir_stage in = add_numbers(s, "in", 2, &source);
    assert_ok(weir_stream_stage(s, &o, run_on_the_second, 1, &in, &last));
    assert_ok(weir_stream_start(s));
    for (uint64_t i = 0; i < 5; i++) {
        assert_ok(weir_next(s, last, &item));
        assert_true(item == i);
    }
    assert_true(atomic_load(&c.other) > 0); /* on the worker that waits it is nested */
    assert_ok(weir_stream_close(s));
    weir_plan_free(c.outer);
    weir_plan_free(c.inner);
    weir_engine_close(c.second);
    weir_engine_close(c.first);
}

/* ---- max_bytes ---- */

enum { BIG = 1 << 20 };

/* A leaf that holds BIG bytes, as its layer declares. */
static const weir_layer big_layer = {.name = "big", .leaf = wait_in_leaf, .held_bytes = BIG};

static uint64_t big_bytes(void)
{
    weir_plan *plan = compile(&big_layer);
    const uint64_t bytes = weir_plan_serial_bytes(plan);
    weir_plan_free(plan);
    return bytes;
}

/* As many calls as the engine has workers can have records of their own. */
static uint64_t bytes_of_the_stream(unsigned workers)
{
    beside b = {.engine = open_engine(workers, 0, 0)};
    begin_stream(&b, 1);
    const uint64_t bytes = weir_stream_certified_bytes(b.s);
    assert_ok(weir_stream_close(b.s));
    weir_engine_close(b.engine);
    return bytes;
}

/* Until so many runs wait for bytes. */
static void wait_for_waiting(weir_engine *engine, unsigned runs)
{
    while (atomic_load(&engine->windows.waiting) < runs)
        nap(100);
}

static void runs_beside_a_stream_wait_for_bytes_in_the_order_in_which_they_came(void **state)
{
    enum { RUNS = 4 };
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        const uint64_t bytes = bytes_of_the_stream(workers) + big_bytes() + 1;
        beside b = {.engine = open_engine(workers, 0, bytes)};
        gated of[RUNS];
        pthread_t thread[RUNS];
        begin_stream(&b, UINT64_MAX);
        for (unsigned i = 0; i < RUNS; i++) {
            of[i] = (gated){.b = &b, .layer = &big_layer};
            start(&thread[i], run_gated, &of[i]);
            if (i == 0)
                assert_true(reaches(&of[0].g.waiting, 1));
            wait_for_waiting(b.engine, i);
        }
        for (unsigned i = 0; i < RUNS; i++) {
            assert_true(reaches(&of[i].g.waiting, 1));
            for (unsigned k = i + 1; k < RUNS; k++)
                assert_int_equal(atomic_load(&of[k].g.waiting), 0);
            atomic_store(&of[i].g.open, true);
        }
        for (unsigned i = 0; i < RUNS; i++) {
            pthread_join(thread[i], NULL);
            assert_status(WEIR_OK, of[i].status);
        }
        take_numbers(&b, 100);
        assert_ok(weir_stream_close(b.s));
        weir_engine_close(b.engine);
    }
}

static void a_cancel_reaches_runs_that_wait_for_bytes(void **state)
{
    const uint64_t bytes = bytes_of_the_stream(2) + big_bytes() + 1;
    (void)state;
    beside b = {.engine = open_engine(2, 0, bytes)};
    gated of[3];
    pthread_t thread[3];
    begin_stream(&b, UINT64_MAX);
    for (unsigned i = 0; i < 3; i++) {
        of[i] = (gated){.b = &b, .layer = &big_layer};
        start(&thread[i], run_gated, &of[i]);
        if (i == 0)
            assert_true(reaches(&of[0].g.waiting, 1));
        wait_for_waiting(b.engine, i);
    }
    weir_engine_cancel(b.engine);
    for (unsigned i = 1; i < 3; i++) { /* while the first is at its gate still */
        pthread_join(thread[i], NULL);
        assert_int_equal(of[i].status, WEIR_ECANCEL);
        assert_int_equal(atomic_load(&of[i].g.waiting), 0);
    }
    atomic_store(&of[0].g.open, true);
    pthread_join(thread[0], NULL);
    assert_int_equal(of[0].status, WEIR_ECANCEL);
    assert_status(WEIR_ECANCEL, weir_stream_close(b.s));
    weir_engine_close(b.engine);
}

static int run_until_stopped(weir_branch *b, const void *in, void *out)
{
    gated *r = weir_context(b);
    (void)in, (void)out;
    atomic_fetch_add(&r->g.waiting, 1);
    while (!weir_stopping(b) && !atomic_load(&r->g.open))
        sched_yield();
    return 0;
}

static const weir_layer stopped_layer = {
    .name = "stops", .leaf = run_until_stopped, .held_bytes = BIG};

static void what_waits_when_the_cancel_comes_does_not_run_on_the_bytes_that_it_frees(void **state)
{
    enum { RUNS = 5 };
    const uint64_t bytes = bytes_of_the_stream(2) + big_bytes() + 1;
    (void)state;
    beside b = {.engine = open_engine(2, 0, bytes)};
    for (unsigned round = 0; round < 40 / SLOW_BUILD + 1; round++) {
        gated of[RUNS];
        pthread_t thread[RUNS];
        begin_stream(&b, UINT64_MAX);
        for (unsigned i = 0; i < RUNS; i++) {
            of[i] = (gated){.b = &b, .layer = &stopped_layer, .g = {.open = i > 0}};
            start(&thread[i], run_gated, &of[i]);
            if (i == 0)
                assert_true(reaches(&of[0].g.waiting, 1));
            wait_for_waiting(b.engine, i);
        }
        weir_engine_cancel(b.engine);
        for (unsigned i = 0; i < RUNS; i++) {
            pthread_join(thread[i], NULL);
            assert_int_equal(of[i].status, WEIR_ECANCEL);
        }
        assert_status(WEIR_ECANCEL, weir_stream_close(b.s));
    }
    weir_engine_close(b.engine);
}

static void a_run_that_never_fits_beside_the_stream_is_refused_at_once(void **state)
{
    weir_plan *plan = compile(&big_layer);
    (void)state;
    beside b = {.engine = open_engine(2, 0, big_bytes() + 10)};
    gated r = {.b = &b, .g = {.open = true}};
    begin_stream(&b, UINT64_MAX);
    assert_status(WEIR_EBUDGET, weir_run(b.engine, plan, &r, NULL, NULL));
    assert_contains(weir_last_error()->text, "max_bytes leaves");
    assert_ok(weir_stream_close(b.s));
    assert_ok(weir_run(b.engine, plan, &r, NULL, NULL));
    weir_plan_free(plan);
    weir_engine_close(b.engine);
}

static void a_stream_that_fits_only_without_the_run_is_refused_until_that_is_over(void **state)
{
    const uint64_t bytes = bytes_of_the_stream(2) + big_bytes() + 1;
    (void)state;
    beside b = {.engine = open_engine(2, 0, bytes)};
    gated r = {.b = &b, .layer = &big_layer};
    numbers source = {.n = 5};
    pthread_t thread;
    begin_stream(&b, UINT64_MAX);
    start(&thread, run_gated, &r);
    assert_true(reaches(&r.g.waiting, 1));
    assert_ok(weir_stream_close(b.s));
    weir_stream *large = open_stream(b.engine);
    add_numbers(large, "in", BIG / 32, &source);
    assert_status(WEIR_EBUDGET, weir_stream_start(large));
    assert_contains(weir_last_error()->text, "max_bytes leaves");
    atomic_store(&r.g.open, true);
    pthread_join(thread, NULL);
    assert_status(WEIR_OK, r.status);
    assert_ok(weir_stream_start(large));
    assert_ok(weir_stream_close(large));
    weir_engine_close(b.engine);
}

/* ---- many ---- */

static void streams_and_runs_that_come_and_go_lose_nothing(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        beside b = {.engine = open_engine(workers, 0, 0)};
        runner of[MOST_RUNNERS];
        pthread_t thread[MOST_RUNNERS];
        for (unsigned round = 0; round < 20 / SLOW_BUILD + 1; round++) {
            begin_stream(&b, UINT64_MAX);
            for (unsigned i = 0; i < MOST_RUNNERS; i++) {
                of[i] = (runner){.b = &b, .times = 4, .height = 1 + i % 4};
                start(&thread[i], run_trees, &of[i]);
            }
            take_numbers(&b, 100 * round % 700);
            for (unsigned i = 0; i < MOST_RUNNERS; i++) {
                pthread_join(thread[i], NULL);
                if (of[i].wrong != NULL)
                    fail_msg("of a run: %s", of[i].wrong);
            }
            assert_ok(weir_stream_close(b.s));
        }
        weir_engine_close(b.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_other_threads_and_an_open_stream_go_on_side_by_side),
        cmocka_unit_test(both_go_on_where_the_consumer_does_not_pull),
        cmocka_unit_test(a_worker_is_counted_with_the_root_whose_ops_it_runs),
        cmocka_unit_test(beside_an_idle_stream_polls_cost_no_more_than_without),
        cmocka_unit_test(a_stream_has_its_share_however_many_runs_come),
        cmocka_unit_test(closing_a_stream_waits_for_its_own_calls_only),
        cmocka_unit_test(the_run_outlives_the_stream_and_the_engine_is_free_when_it_is_done),
        cmocka_unit_test(a_cancel_stops_the_stream_and_the_runs_beside_it),
        cmocka_unit_test(a_failure_of_one_is_not_the_others),
        cmocka_unit_test(what_needs_the_engine_for_itself_is_refused),
        cmocka_unit_test(an_op_beside_a_stream_cannot_close_it),
        cmocka_unit_test(a_run_that_an_op_of_the_same_engine_waits_for_elsewhere_is_refused),
        cmocka_unit_test(runs_beside_a_stream_wait_for_bytes_in_the_order_in_which_they_came),
        cmocka_unit_test(a_cancel_reaches_runs_that_wait_for_bytes),
        cmocka_unit_test(what_waits_when_the_cancel_comes_does_not_run_on_the_bytes_that_it_frees),
        cmocka_unit_test(a_run_that_never_fits_beside_the_stream_is_refused_at_once),
        cmocka_unit_test(a_stream_that_fits_only_without_the_run_is_refused_until_that_is_over),
        cmocka_unit_test(streams_and_runs_that_come_and_go_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
