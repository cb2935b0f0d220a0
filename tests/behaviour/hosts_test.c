/* Tests who may run an engine, and where: host threads, other engines, ops, regions of the caller.
 *
 * Run by ctest.  It must never assert on a thread that is not cmocka's: such threads note what
 * they saw. */
#include "support.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

/* A host thread's runs of a tree; nothing in it asserts. Returns how many went wrong. */
static int run_trees(weir_engine *engine, uint32_t fanout, uint32_t height, int runs)
{
    weir_layer layer;
    weir_plan *plan;
    tree context = {.fanout = fanout};
    int wrong = 0;
    tree_describe(&layer, fanout, height);
    if (weir_plan_compile(&layer, &plan) != WEIR_OK)
        return runs;
    for (int i = 0; i < runs; i++) {
        const tree_node in = {.id = (uint64_t)i, .height = height};
        uint64_t out = 0;
        weir_stats s;
        wrong += weir_run(engine, plan, &context, &in, &out) != WEIR_OK;
        wrong += out != tree_answer(in, fanout);
        weir_engine_stats(engine, &s);
        wrong += s.branches != tree_branches(height, fanout) || s.peak_bytes > s.certified_bytes;
    }
    weir_plan_free(plan);
    return wrong;
}

static int open_and_run_trees(unsigned workers, uint32_t height, int runs)
{
    const weir_engine_options options = {.workers = workers};
    weir_engine *engine;
    if (weir_engine_open(&options, &engine) != WEIR_OK)
        return 1;
    const int wrong = run_trees(engine, 3, height, runs);
    weir_engine_close(engine);
    return wrong;
}

static void thousands_of_runs_on_one_engine_all_give_the_answer(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_engine *engine = open_engine(workers, 0, 0);
        assert_int_equal(run_trees(engine, 2, 5, 3000 / SLOW_BUILD), 0);
        weir_engine_close(engine);
    }
}

/* A host thread: works when it is told to. It stays until the program ends, since LLVM's runtime
 * (19) breaks down after a thread has ended whose regions had tasks, weir or not; see
 * host_threads_may_end_while_others_go_on. */
typedef struct host {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { IDLE, TOLD, DONE } state;
    weir_engine *engine; /* NULL: one of its own */
    unsigned workers;
    int wrong;
} host;

enum { HOSTS = 4 };

static void work(host *h)
{
    h->wrong = h->engine != NULL ? run_trees(h->engine, 3, 6, 5)
                                 : open_and_run_trees(h->workers, 7, 40 / SLOW_BUILD);
}

static void *be_host(void *argument)
{
    host *h = argument;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        while (h->state != TOLD)
            pthread_cond_wait(&h->changed, &h->lock);
        work(h);
        h->state = DONE;
        pthread_cond_broadcast(&h->changed);
    }
    return NULL;
}

static void tell(host *h, weir_engine *engine, unsigned workers)
{
    pthread_mutex_lock(&h->lock);
    h->engine = engine;
    h->workers = workers;
    h->state = TOLD;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static int wait_for(host *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->state != DONE)
        pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
    return h->wrong;
}

static int start_hosts(void **state)
{
    static host hosts[HOSTS];
    for (int i = 0; i < HOSTS; i++) {
        pthread_mutex_init(&hosts[i].lock, NULL);
        pthread_cond_init(&hosts[i].changed, NULL);
        if (pthread_create(&hosts[i].thread, NULL, be_host, &hosts[i]) != 0)
            return 1;
        pthread_detach(hosts[i].thread);
    }
    *state = hosts;
    return 0;
}

static void engines_of_several_host_threads_run_at_the_same_time(void **state)
{
    host *hosts = *state;
    for (unsigned i = 0; i < HOSTS; i++)
        tell(&hosts[i], NULL, 1 + i % 3);
    for (int i = 0; i < HOSTS; i++)
        assert_int_equal(wait_for(&hosts[i]), 0);
}

static void one_engine_serves_several_host_threads_in_turn(void **state)
{
    host *hosts = *state;
    weir_engine *engine = open_engine(2, 0, 0);
    for (int i = 0; i < 20; i++) {
        tell(&hosts[i % HOSTS], engine, 0);
        assert_int_equal(wait_for(&hosts[i % HOSTS]), 0);
        assert_int_equal(run_trees(engine, 3, 5, 3), 0); /* and this one in between */
    }
    weir_engine_close(engine);
}

static void *work_and_end(void *argument)
{
    work(argument);
    return NULL;
}

static void host_threads_may_end_while_others_go_on(void **state)
{
    (void)state;
#if defined(__clang__)
    skip(); /* LLVM's runtime takes back tasks of the ended thread from memory that has gone */
#endif
    weir_engine *engine = open_engine(2, 0, 0);
    for (int i = 0; i < 10; i++) {
        host h = {.engine = engine};
        assert_int_equal(pthread_create(&h.thread, NULL, work_and_end, &h), 0);
        pthread_join(h.thread, NULL);
        assert_int_equal(h.wrong, 0);
        assert_int_equal(run_trees(engine, 3, 5, 3), 0);
    }
    weir_engine_close(engine);
}

static void engines_share_a_thread_in_turn(void **state)
{
    (void)state;
    weir_engine *engines[3];
    for (unsigned i = 0; i < 3; i++)
        engines[i] = open_engine(i + 1, 0, 0);
    for (int round = 0; round < 30; round++)
        assert_int_equal(run_trees(engines[round % 3], 2, 8, 1), 0);
    for (int i = 0; i < 3; i++)
        weir_engine_close(engines[i]);
}

/* One leaf that waits at a gate while the engine is busy. */
typedef struct gate {
    weir_engine *engine;
    atomic_int entered, open;
    int inner_status, inner_wrong;
    weir_stats inner_stats;
} gate;

static int wait_at_gate(weir_branch *b, const void *in, void *out)
{
    gate *g = weir_context(b);
    (void)in, (void)out;
    atomic_store(&g->entered, 1);
    while (atomic_load(&g->open) == 0)
        sched_yield();
    return 0;
}

typedef struct gate_run {
    gate *gate;
    const weir_plan *plan;
    weir_status status;
} gate_run;

static void *run_to_the_gate(void *argument)
{
    gate_run *r = argument;
    r->status = weir_run(r->gate->engine, r->plan, r->gate, NULL, NULL);
    return NULL;
}

static void a_second_run_at_the_same_time_is_refused_and_harms_nothing(void **state)
{
    const weir_layer layer = {.name = "gate", .leaf = wait_at_gate};
    pthread_t thread;
    (void)state;
    weir_plan *plan = compile(&layer);
    for (unsigned workers = 1; workers <= 2; workers++) {
        gate g = {.engine = open_engine(workers, 0, 0)};
        gate_run r = {.gate = &g, .plan = plan, .status = WEIR_END};
        assert_int_equal(pthread_create(&thread, NULL, run_to_the_gate, &r), 0);
        while (atomic_load(&g.entered) == 0)
            sched_yield();
        assert_status(WEIR_EBUSY, weir_run(g.engine, plan, &g, NULL, NULL));
        assert_int_equal(weir_last_error()->status, WEIR_EBUSY);
        assert_status(WEIR_EBUSY, weir_run_many(g.engine, plan, &g, 0, NULL, NULL));
        atomic_store(&g.open, 1);
        pthread_join(thread, NULL);
        assert_int_equal(r.status, WEIR_OK);
        assert_ok(weir_run(g.engine, plan, &g, NULL, NULL));
        weir_engine_close(g.engine);
    }
    weir_plan_free(plan);
}

static int run_the_same_engine(weir_branch *b, const void *in, void *out)
{
    gate *g = weir_context(b);
    const weir_layer layer = {.name = "inner", .leaf = wait_at_gate};
    weir_plan *plan;
    (void)in, (void)out;
    if (weir_plan_compile(&layer, &plan) != WEIR_OK)
        return 1;
    g->inner_status = weir_run(g->engine, plan, g, NULL, NULL);
    weir_plan_free(plan);
    return 0;
}

static void an_op_may_run_its_own_engine(void **state)
{
    const weir_layer layer = {.name = "outer", .leaf = run_the_same_engine};
    (void)state;
    weir_plan *plan = compile(&layer);
    for (unsigned workers = 1; workers <= 2; workers++) {
        gate g = {.engine = open_engine(workers, 0, 0), .open = 1};
        assert_ok(weir_run(g.engine, plan, &g, NULL, NULL));
        assert_int_equal(g.inner_status, WEIR_OK);
        assert_int_equal(atomic_load(&g.entered), 1);
        weir_engine_close(g.engine);
    }
    weir_plan_free(plan);
}

static int run_another_engine(weir_branch *b, const void *in, void *out)
{
    gate *g = weir_context(b);
    (void)in, (void)out;
    g->inner_wrong = run_trees(g->engine, 3, 7, 2);
    weir_engine_stats(g->engine, &g->inner_stats);
    return 0;
}

static void an_op_may_run_another_engine_which_then_works_in_place(void **state)
{
    const weir_layer layer = {.name = "outer", .leaf = run_another_engine};
    (void)state;
    weir_plan *plan = compile(&layer);
    gate g = {.engine = open_engine(3, 0, 0), .inner_wrong = 1};
    weir_engine *outer = open_engine(2, 0, 0);
    for (int i = 0; i < 20; i++) {
        assert_ok(weir_run(outer, plan, &g, NULL, NULL));
        assert_int_equal(g.inner_wrong, 0);
        assert_int_equal(g.inner_stats.workers, 1);
        assert_int_equal(g.inner_stats.promotions, 0);
    }
    weir_engine_close(outer);
    weir_engine_close(g.engine);
    weir_plan_free(plan);
}

/* Every leaf of an outer run has an engine of its own, and all of them run at once. */
static int open_and_run_another_engine(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return open_and_run_trees(2, 5, 1);
}

static void all_ops_of_a_run_may_run_engines_of_their_own(void **state)
{
    const weir_layer layer = {.name = "outer", .leaf = open_and_run_another_engine};
    (void)state;
    weir_plan *plan = compile(&layer);
    weir_engine *outer = open_engine(3, 0, 0);
    assert_ok(weir_run_many(outer, plan, NULL, 20, NULL, NULL));
    weir_engine_close(outer);
    weir_plan_free(plan);
}

static void inside_a_region_of_the_callers_each_thread_runs_its_own_engine(void **state)
{
    enum { THREADS = 3 };
    int wrong[THREADS] = {0}, threads = 0;
    unsigned workers[THREADS] = {0};
    (void)state;
#pragma omp parallel num_threads(THREADS)
    {
        const int me = omp_get_thread_num();
        const weir_engine_options options = {.workers = 2};
        weir_engine *engine;
        if (weir_engine_open(&options, &engine) == WEIR_OK) {
            weir_stats s;
            wrong[me] = run_trees(engine, 3, 7, 20);
            weir_engine_stats(engine, &s);
            workers[me] = s.workers;
            weir_engine_close(engine);
        }
#pragma omp single
        threads = omp_get_num_threads();
    }
    assert_int_equal(threads, THREADS);
    for (int i = 0; i < threads; i++) {
        assert_int_equal(wrong[i], 0);
        assert_int_equal(workers[i], 1); /* OpenMP gives no threads to a nested region */
    }
}

static void inside_a_task_of_the_callers_a_run_works_in_place(void **state)
{
    int wrong = -1;
    weir_stats s = {0};
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
#pragma omp parallel num_threads(2)
#pragma omp single
    {
#pragma omp task shared(wrong, s) firstprivate(engine)
        {
            wrong = run_trees(engine, 3, 7, 5);
            weir_engine_stats(engine, &s);
        }
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(s.workers, 1);
    assert_int_equal(run_trees(engine, 3, 7, 5), 0); /* and outside again with its team */
    weir_engine_stats(engine, &s);
    assert_int_equal(s.workers, 2);
    weir_engine_close(engine);
}

static void the_callers_own_regions_work_between_runs(void **state)
{
    (void)state;
    weir_engine *engine = open_engine(2, 0, 0);
    for (int round = 0; round < 20; round++) {
        int sum = 0;
        assert_int_equal(run_trees(engine, 2, 8, 1), 0);
#pragma omp parallel for num_threads(3) reduction(+ : sum)
        for (int i = 0; i < 100; i++)
            sum += i;
        assert_int_equal(sum, 4950);
    }
    weir_engine_close(engine);
}

static void one_engine_fails_while_another_goes_on(void **state)
{
    (void)state;
    weir_engine *good = open_engine(2, 0, 0), *tight = open_engine(2, 0, 1);
    weir_layer layer;
    tree context = {.fanout = 2};
    const tree_node in = {.id = 1, .height = 3};
    uint64_t out;
    tree_describe(&layer, 2, 3);
    weir_plan *plan = compile(&layer);
    assert_status(WEIR_EBUDGET, weir_run(tight, plan, &context, &in, &out));
    assert_ok(weir_run(good, plan, &context, &in, &out));
    assert_true(out == tree_answer(in, 2));
    assert_int_equal(weir_last_error()->status, WEIR_EBUDGET); /* success leaves it alone */
    weir_plan_free(plan);
    weir_engine_close(good);
    weir_engine_close(tight);
}

static void a_missing_argument_of_a_run_is_named(void **state)
{
    weir_layer layer;
    tree context = {.fanout = 2};
    const tree_node in = {.id = 1, .height = 3};
    uint64_t out;
    (void)state;
    tree_describe(&layer, 2, 3);
    weir_plan *plan = compile(&layer);
    weir_engine *engine = open_engine(1, 0, 0);
    assert_status(WEIR_EINVAL, weir_run(NULL, plan, &context, &in, &out));
    assert_string_equal(weir_last_error()->where, "engine");
    assert_status(WEIR_EINVAL, weir_run(engine, NULL, &context, &in, &out));
    assert_string_equal(weir_last_error()->where, "plan");
    assert_status(WEIR_EINVAL, weir_run(engine, plan, &context, NULL, &out));
    assert_string_equal(weir_last_error()->where, "in");
    assert_status(WEIR_EINVAL, weir_run(engine, plan, &context, &in, NULL));
    assert_string_equal(weir_last_error()->where, "out");
    assert_status(WEIR_EINVAL,
                  weir_run_many(engine, plan, &context, (size_t)UINT32_MAX + 1, &in, &out));
    assert_string_equal(weir_last_error()->where, "n");
    assert_ok(weir_run(engine, plan, &context, &in, &out));
    weir_plan_free(plan);
    weir_engine_close(engine);
    weir_engine_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_runs_on_one_engine_all_give_the_answer),
        cmocka_unit_test(engines_of_several_host_threads_run_at_the_same_time),
        cmocka_unit_test(one_engine_serves_several_host_threads_in_turn),
        cmocka_unit_test(host_threads_may_end_while_others_go_on),
        cmocka_unit_test(engines_share_a_thread_in_turn),
        cmocka_unit_test(a_second_run_at_the_same_time_is_refused_and_harms_nothing),
        cmocka_unit_test(an_op_may_run_its_own_engine),
        cmocka_unit_test(an_op_may_run_another_engine_which_then_works_in_place),
        cmocka_unit_test(all_ops_of_a_run_may_run_engines_of_their_own),
        cmocka_unit_test(inside_a_region_of_the_callers_each_thread_runs_its_own_engine),
        cmocka_unit_test(inside_a_task_of_the_callers_a_run_works_in_place),
        cmocka_unit_test(the_callers_own_regions_work_between_runs),
        cmocka_unit_test(one_engine_fails_while_another_goes_on),
        cmocka_unit_test(a_missing_argument_of_a_run_is_named),
    };
    return cmocka_run_group_tests(tests, start_hosts, NULL);
}
