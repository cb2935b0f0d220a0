/* Tests where workers run: on the hardware thread that the placement says, and nowhere else later.
 *
 * Run by ctest; it starts itself again as a child where a mask or the environment must be there
 * before the program begins.  It must never ask for more than the machine and its mask allow. */
#include "support.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 };

/* What the ops of a run saw: for each worker, the CPUs that it might run on. */
typedef struct seen {
    atomic_int runs[MOST];
    cpu_set_t mask[MOST];
    atomic_int moved;
    atomic_int begun;
    int fail;
    unsigned want; /* leaves wait until so many are running at once */
} seen;

static int look(weir_branch *b, const void *in, void *out)
{
    seen *s = weir_context(b);
    const unsigned worker = weir_worker(b);
    cpu_set_t mask;
    (void)in, (void)out;
    CPU_ZERO(&mask);
    if (worker >= MOST || sched_getaffinity(0, sizeof mask, &mask) != 0)
        return 1;
    if (atomic_fetch_add(&s->runs[worker], 1) == 0)
        s->mask[worker] = mask;
    else if (!CPU_EQUAL(&mask, &s->mask[worker]))
        atomic_fetch_add(&s->moved, 1);
    /* Every worker is to be seen: nobody goes on before all have come, or for long. */
    atomic_fetch_add(&s->begun, 1);
    for (int wait = 0; wait < 20000 && atomic_load(&s->begun) < (int)s->want; wait++)
        sched_yield();
    return s->fail;
}

static weir_plan *compile_look(void)
{
    const weir_layer layer = {.name = "look", .leaf = look};
    return compile(&layer);
}

static void get_mask(cpu_set_t *mask)
{
    CPU_ZERO(mask);
    assert_int_equal(sched_getaffinity(0, sizeof *mask, mask), 0);
}

static weir_engine *open_bound(unsigned workers, weir_bind bind)
{
    const weir_engine_options options = {.workers = workers, .bind = bind};
    weir_engine *engine;
    assert_ok(weir_engine_open(&options, &engine));
    return engine;
}

/* A plan's first run has all of its team from the beginning. */
static void run_and_look(weir_engine *engine, seen *s, int fail)
{
    weir_plan *plan = compile_look();
    memset(s, 0, sizeof *s);
    s->fail = fail;
    s->want = weir_engine_workers(engine);
    assert_status(fail ? WEIR_EOP : WEIR_OK, weir_run_many(engine, plan, s, 40, NULL, NULL));
    assert_int_equal(atomic_load(&s->moved), 0);
    weir_plan_free(plan);
}

static void each_worker_runs_on_the_hardware_thread_that_the_placement_says(void **state)
{
    static const weir_bind binds[] = {WEIR_BIND_AUTO, WEIR_BIND_CORE, WEIR_BIND_SPREAD,
                                      WEIR_BIND_PU, WEIR_BIND_NONE};
    weir_topology *topology;
    const weir_pu *pus;
    unsigned places[MOST];
    cpu_set_t mine;
    (void)state;
    get_mask(&mine);
    assert_ok(weir_topology_load(NULL, &topology));
    weir_topology_pus(topology, &pus);
    for (size_t p = 0; p < sizeof binds / sizeof *binds; p++)
        for (unsigned workers = 1; workers <= 4; workers++) {
            seen s;
            unsigned looked_at = 0;
            const weir_engine_options options = {.workers = workers, .bind = binds[p]};
            weir_placement placement;
            assert_ok(weir_topology_decide(topology, &options, &placement));
            assert_int_equal(placement.workers, workers);
            const bool fills = workers >= placement.cores;
            assert_int_equal(placement.bind, binds[p] != WEIR_BIND_AUTO ? binds[p]
                                             : fills                    ? WEIR_BIND_CORE
                                                                        : WEIR_BIND_NONE);
            if (placement.bind != WEIR_BIND_NONE)
                assert_ok(weir_topology_places(topology, &placement, places));
            weir_engine *engine = open_bound(workers, binds[p]);
            for (int round = 0; round < 3; round++) {
                run_and_look(engine, &s, 0);
                for (unsigned w = 0; w < workers; w++) {
                    if (atomic_load(&s.runs[w]) == 0)
                        continue;
                    looked_at++;
                    if (placement.bind == WEIR_BIND_NONE) {
                        assert_true(CPU_EQUAL(&s.mask[w], &mine));
                        continue;
                    }
                    assert_int_equal(CPU_COUNT(&s.mask[w]), 1);
                    assert_true(CPU_ISSET(pus[places[w]].os_index, &s.mask[w]));
                }
            }
            assert_true(looked_at >= 3); /* at least one worker ran each time */
            if (workers == 2)
                assert_true(looked_at > 3);
            weir_engine_close(engine);
        }
    weir_topology_free(topology);
}

/* Adds one for each worker of the engine to the CPUs that they are on. */
static void count_cpus(weir_engine *engine, unsigned *cpus)
{
    seen s;
    run_and_look(engine, &s, 0);
    for (unsigned w = 0; w < weir_engine_workers(engine); w++)
        for (size_t cpu = 0; cpu < MOST; cpu++)
            cpus[cpu] += atomic_load(&s.runs[w]) > 0 && CPU_ISSET(cpu, &s.mask[w]);
}

static void bound_engines_keep_off_each_others_cores_while_there_are_some(void **state)
{
    static const weir_bind binds[] = {WEIR_BIND_CORE, WEIR_BIND_SPREAD, WEIR_BIND_PU};
    weir_engine *engines[MOST];
    cpu_set_t mine;
    (void)state;
    get_mask(&mine);
    const unsigned cpus = (unsigned)CPU_COUNT(&mine);
    const unsigned count = 2 * (cpus < MOST / 4 ? cpus : MOST / 4);
    for (int again = 0; again < 2; again++) { /* what is closed is free */
        unsigned used[MOST] = {0};
        for (unsigned i = 0; i < count; i++) {
            engines[i] = open_bound(1, binds[i % 3]);
            count_cpus(engines[i], used);
            for (size_t cpu = 0; cpu < MOST; cpu++)
                assert_in_range(used[cpu], 0, 1 + i / cpus);
        }
        for (unsigned i = 0; i < count; i++)
            weir_engine_close(engines[i]);
    }
}

static void a_closed_engines_core_is_the_next_ones(void **state)
{
    unsigned first[MOST] = {0}, next[MOST] = {0};
    (void)state;
    weir_engine *a = open_bound(1, WEIR_BIND_CORE), *b = open_bound(1, WEIR_BIND_CORE);
    count_cpus(a, first);
    weir_engine_close(a);
    a = open_bound(1, WEIR_BIND_CORE);
    count_cpus(a, next);
    assert_memory_equal(first, next, sizeof first);
    weir_engine_close(a);
    weir_engine_close(b);
}

static void the_callers_own_mask_is_back_after_every_run(void **state)
{
    cpu_set_t before, after;
    (void)state;
    get_mask(&before);
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_engine *engine = open_bound(workers, WEIR_BIND_CORE);
        get_mask(&after);
        assert_true(CPU_EQUAL(&before, &after)); /* opening an engine moves nobody */
        for (int fail = 0; fail < 2; fail++) {
            seen s;
            run_and_look(engine, &s, fail);
            get_mask(&after);
            assert_true(CPU_EQUAL(&before, &after));
        }
        weir_engine_close(engine);
    }
}

static void workers_are_bound_again_after_another_engine_had_their_threads(void **state)
{
    (void)state;
    weir_engine *engines[2] = {open_bound(2, WEIR_BIND_CORE), open_bound(3, WEIR_BIND_SPREAD)};
    cpu_set_t first[2][MOST];
    bool known[2][MOST] = {{false}};
    for (int round = 0; round < 10; round++)
        for (int e = 0; e < 2; e++) {
            seen s;
            run_and_look(engines[e], &s, 0);
            for (unsigned w = 0; w < 3; w++) {
                if (atomic_load(&s.runs[w]) == 0)
                    continue;
                if (known[e][w])
                    assert_true(CPU_EQUAL(&first[e][w], &s.mask[w]));
                first[e][w] = s.mask[w];
                known[e][w] = true;
            }
        }
    weir_engine_close(engines[0]);
    weir_engine_close(engines[1]);
}

/* Children: the program again, with a first argument that says what to do. */
static int run_child(const char *what, const char *cpus, const char *variable, const char *value)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cpu_set_t mask;
        if (cpus != NULL) {
            sched_getaffinity(0, sizeof mask, &mask);
            for (size_t cpu = 0, kept = 0; cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, &mask) && kept++ > 0)
                    CPU_CLR(cpu, &mask);
            sched_setaffinity(0, sizeof mask, &mask);
        }
        if (variable != NULL)
            setenv(variable, value, 1);
        execl("/proc/self/exe", "pinning_test", what, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define CHILD_CHECK(x)                                                                             \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "child, line %d: %s\n", __LINE__, #x);                                 \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* Runs an engine; `bound` says whether its workers are to be on one CPU each. */
static int child_look(unsigned workers, weir_bind bind, bool bound, unsigned workers_expected)
{
    const weir_engine_options options = {.workers = workers, .bind = bind};
    const weir_layer layer = {.name = "look", .leaf = look};
    weir_engine *engine;
    weir_plan *plan;
    static seen s;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    sched_getaffinity(0, sizeof mine, &mine);
    CHILD_CHECK(weir_engine_open(&options, &engine) == WEIR_OK);
    CHILD_CHECK(weir_engine_workers(engine) == workers_expected);
    CHILD_CHECK(weir_plan_compile(&layer, &plan) == WEIR_OK);
    s.want = weir_engine_workers(engine);
    CHILD_CHECK(weir_run_many(engine, plan, &s, 40, NULL, NULL) == WEIR_OK);
    for (unsigned w = 0; w < s.want; w++)
        if (atomic_load(&s.runs[w]) > 0) {
            if (bound)
                CHILD_CHECK(CPU_COUNT(&s.mask[w]) == 1);
            else
                CHILD_CHECK(CPU_EQUAL(&s.mask[w], &mine));
        }
    weir_plan_free(plan);
    weir_engine_close(engine);
    return 0;
}

static void with_bind_none_no_thread_is_touched(void **state)
{
    (void)state;
    assert_int_equal(run_child("none", NULL, NULL, NULL), 0);
    assert_int_equal(run_child("auto-unbound", NULL, "WEIR_BIND", "none"), 0);
}

static void on_one_cpu_there_is_one_worker_by_default(void **state)
{
    (void)state;
    assert_int_equal(run_child("one-cpu", "first", NULL, NULL), 0);
    assert_int_equal(run_child("two-on-one-cpu", "first", NULL, NULL), 0);
}

static int be_child(const char *what)
{
    if (strcmp(what, "none") == 0)
        return child_look(3, WEIR_BIND_NONE, false, 3);
    if (strcmp(what, "auto-unbound") == 0)
        return child_look(3, WEIR_BIND_AUTO, false, 3);
    if (strcmp(what, "one-cpu") == 0)
        return child_look(0, WEIR_BIND_AUTO, true, 1);
    if (strcmp(what, "two-on-one-cpu") == 0)
        return child_look(2, WEIR_BIND_AUTO, true, 2);
    return 2;
}

int main(int arguments, char **argument)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_worker_runs_on_the_hardware_thread_that_the_placement_says),
        cmocka_unit_test(bound_engines_keep_off_each_others_cores_while_there_are_some),
        cmocka_unit_test(a_closed_engines_core_is_the_next_ones),
        cmocka_unit_test(the_callers_own_mask_is_back_after_every_run),
        cmocka_unit_test(workers_are_bound_again_after_another_engine_had_their_threads),
        cmocka_unit_test(with_bind_none_no_thread_is_touched),
        cmocka_unit_test(on_one_cpu_there_is_one_worker_by_default),
    };
    if (arguments > 1)
        return be_child(argument[1]);
    static const char *const variables[] = {"OMP_PROC_BIND", "OMP_PLACES", "WEIR_BIND",
                                            "WEIR_SHARE"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i]) != NULL) {
            fprintf(stderr, "%s is set; these tests need it unset\n", variables[i]);
            return 1;
        }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
