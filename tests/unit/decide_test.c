/* The decision how many workers there are and where, on random machines that are not here.
 *
 * Runs anywhere: machine, OpenMP and launcher are what the test says.  It must never ask the machine
 * that runs it, nor depend on its environment. */
#include "support.h"

#include <stdlib.h>

#include "base/testing.h"
#include "machine/decide.h"
#include "machine/place.h"

enum { ROUNDS = 100, MOST_PUS = 1024 };

/* Seeded: every run of the test sees the same machines. */
static unsigned random_below(unsigned n)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)(x % n);
}

static const weir__openmp plain = {.limit = UINT32_MAX};
static const weir__launcher alone = {.ranks = 1};

/* A machine that would be here: a copy of a described one. */
typedef struct machine {
    weir_topology *topology;
    weir__machine m;
} machine;

static machine random_machine(void)
{
    char description[128];
    machine made;
    const unsigned packages = 1 + random_below(3), l3s = 1 + random_below(3);
    snprintf(description, sizeof description, "pack:%u %s l3:%u core:%u pu:%u", packages,
             random_below(2) ? "[numa]" : "", l3s, 1 + random_below(6), 1 + random_below(3));
    assert_ok(weir_topology_load(description, &made.topology));
    made.m = *weir__topology_machine(made.topology);
    made.m.here = made.m.can_bind = true;
    return made;
}

static weir_placement decide(const weir__machine *m, const weir__openmp *openmp,
                             const weir__launcher *launcher, weir_engine_options options)
{
    weir_placement placement;
    weir__decide(m, openmp, launcher, &options, &options, &placement);
    return placement;
}

static void each_worker_has_one_hardware_thread_and_cores_are_used_evenly(void **state)
{
    static unsigned places[4 * MOST_PUS], pus[MOST_PUS], cores[MOST_PUS];
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        machine made = random_machine();
        const weir_engine_options options = {.workers = 1 + random_below(2 * made.m.count),
                                             .bind = WEIR_BIND_CORE + random_below(3)};
        weir_placement placement;
        assert_ok(weir_topology_decide(made.topology, &options, &placement));
        assert_int_equal(placement.workers, options.workers);
        assert_int_equal(placement.threads, options.workers);
        assert_int_equal(placement.bind, options.bind);
        assert_ok(weir_topology_places(made.topology, &placement, places));
        memset(pus, 0, sizeof pus);
        memset(cores, 0, sizeof cores);
        for (unsigned i = 0; i < placement.threads; i++) {
            assert_in_range(places[i], 0, made.m.count - 1);
            pus[places[i]]++;
            cores[made.m.pus[places[i]].core]++;
        }
        for (unsigned i = 0; i < made.m.count; i++)
            assert_in_range(pus[i], options.workers / made.m.count,
                            (options.workers + made.m.count - 1) / made.m.count);
        if (options.bind != WEIR_BIND_PU)
            for (unsigned i = 0; i < made.m.cores; i++)
                assert_in_range(cores[i], options.workers / made.m.cores,
                                (options.workers + made.m.cores - 1) / made.m.cores);
        weir_topology_free(made.topology);
    }
}

static void shares_are_runs_of_cores_that_cover_the_machine_and_do_not_meet(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        machine made = random_machine();
        const unsigned shares = 1 + random_below(made.m.cores);
        unsigned next = 0;
        for (unsigned share = 0; share < shares; share++) {
            const weir_placement p = decide(
                &made.m, &plain, &alone, (weir_engine_options){.share = share, .shares = shares});
            assert_int_equal(p.first, next);
            assert_int_equal(made.m.pus[p.first].smt, 0);
            assert_in_range(p.cores, made.m.cores / shares, (made.m.cores + shares - 1) / shares);
            assert_int_equal(p.workers, p.cores);
            assert_int_equal(p.bind, WEIR_BIND_CORE);
            next = p.first + p.pus;
        }
        assert_int_equal(next, made.m.count);
        weir_topology_free(made.topology);
    }
}

static void more_shares_than_cores_load_hardware_threads_as_evenly_as_cores_allow(void **state)
{
    static unsigned load[MOST_PUS];
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        machine made = random_machine();
        const unsigned shares = made.m.cores + 1 + random_below(3 * made.m.count);
        memset(load, 0, sizeof load);
        for (unsigned share = 0; share < shares; share++) {
            const weir_placement p = decide(
                &made.m, &plain, &alone, (weir_engine_options){.share = share, .shares = shares});
            assert_int_equal(p.cores, 1);
            assert_int_equal(p.workers, 1);
            assert_int_equal(p.bind, WEIR_BIND_NONE); /* others are on that core */
            for (unsigned i = 0; i < p.pus; i++)
                load[p.first + i]++;
        }
        unsigned least = shares, most = 0;
        for (unsigned i = 0; i < made.m.count; i++) {
            least = load[i] < least ? load[i] : least;
            most = load[i] > most ? load[i] : most;
        }
        assert_true(least >= 1);
        assert_true(most - least <= 1);
        if (shares <= made.m.count)
            assert_int_equal(most, 1);
        weir_topology_free(made.topology);
    }
}

/* Several engines on one machine, as the claims of one process would have it. */
static void engines_keep_off_each_others_cores_while_there_are_some(void **state)
{
    static unsigned scratch[3 * MOST_PUS], claimed[MOST_PUS], cores[MOST_PUS], places[MOST_PUS];
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        machine made = random_machine();
        unsigned placed = 0;
        memset(claimed, 0, sizeof claimed);
        memset(cores, 0, sizeof cores);
        for (unsigned engine = 0; engine < 6; engine++) {
            const unsigned workers = 1 + random_below(made.m.cores);
            memcpy(scratch, claimed, sizeof claimed);
            assert_ok(weir__place_plan(made.m.pus, made.m.count,
                                       random_below(2) ? WEIR_BIND_CORE : WEIR_BIND_SPREAD, workers,
                                       scratch, places));
            for (unsigned i = 0; i < workers; i++) {
                claimed[places[i]]++;
                cores[made.m.pus[places[i]].core]++;
            }
            placed += workers;
            for (unsigned i = 0; i < made.m.cores; i++)
                assert_in_range(cores[i], placed / made.m.cores,
                                (placed + made.m.cores - 1) / made.m.cores);
            for (unsigned i = 0; i < made.m.count; i++)
                assert_in_range(claimed[i], 0, (placed + made.m.count - 1) / made.m.count);
        }
        weir_topology_free(made.topology);
    }
}

static void a_team_smaller_than_its_part_is_bound_only_if_asked(void **state)
{
    (void)state;
    machine made = random_machine();
    while (made.m.cores < 6) {
        weir_topology_free(made.topology);
        made = random_machine();
    }
    const weir__machine *m = &made.m;
    weir_placement p = decide(m, &plain, &alone, (weir_engine_options){.workers = m->cores - 1});
    assert_int_equal(p.bind, WEIR_BIND_NONE);
    assert_contains(p.bind_why, "--bind core");
    p = decide(m, &plain, &alone,
               (weir_engine_options){.workers = m->cores - 1, .bind = WEIR_BIND_SPREAD});
    assert_int_equal(p.bind, WEIR_BIND_SPREAD);
    p = decide(m, &plain, &alone, (weir_engine_options){.workers = m->cores});
    assert_int_equal(p.bind, WEIR_BIND_CORE);
    p = decide(m, &plain, &alone, (weir_engine_options){.workers = 2, .share = 1, .shares = 2});
    assert_int_equal(p.bind, WEIR_BIND_NONE);
    p = decide(m, &plain, &alone,
               (weir_engine_options){.workers = m->cores, .share = 1, .shares = 2});
    assert_int_equal(p.bind, WEIR_BIND_CORE); /* as asked for, on its part */
    weir_topology_free(made.topology);
}

static void a_launchers_rank_has_its_part_if_the_mask_is_all_that_the_cgroup_allows(void **state)
{
    const weir__launcher rank = {.rank = 1, .ranks = 2, .name = "a launcher"};
    (void)state;
    machine made = random_machine();
    while (made.m.cores < 6 || made.m.cores % 2 != 0) {
        weir_topology_free(made.topology);
        made = random_machine();
    }
    weir_placement p = decide(&made.m, &plain, &rank, (weir_engine_options){0});
    assert_int_equal(p.share, 1);
    assert_int_equal(p.shares, 2);
    assert_int_equal(p.workers, made.m.cores / 2);
    assert_int_equal(p.first, made.m.count / 2);
    assert_contains(p.share_why, "a launcher");
    p = decide(&made.m, &plain, &rank, (weir_engine_options){.shares = 1}); /* an option wins */
    assert_int_equal(p.shares, 1);
    /* A rank alone may want all cores: they are not crowded onto its part. */
    p = decide(&made.m, &plain, &rank, (weir_engine_options){.workers = made.m.count});
    assert_int_equal(p.bind, WEIR_BIND_NONE);
    made.m.allowed++; /* bound already */
    made.m.present++;
    p = decide(&made.m, &plain, &rank, (weir_engine_options){0});
    assert_int_equal(p.shares, 1);
    assert_int_equal(p.workers, made.m.cores);
    assert_contains(p.share_why, "already");
    weir_topology_free(made.topology);
}

static void the_quota_and_the_thread_limit_bound_the_default(void **state)
{
    (void)state;
    machine made = random_machine();
    while (made.m.cores < 6) {
        weir_topology_free(made.topology);
        made = random_machine();
    }
    weir__openmp openmp = plain;
    made.m.quota = 1.5;
    weir_placement p = decide(&made.m, &openmp, &alone, (weir_engine_options){0});
    assert_int_equal(p.workers, 2);
    assert_contains(p.workers_why, "1.5");
    assert_int_equal(p.bind, WEIR_BIND_NONE);
    openmp.binds = true; /* also where OpenMP places its threads */
    openmp.places = made.m.cores;
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){0});
    assert_int_equal(p.workers, 2);
    p = decide(&made.m, &plain, &alone, (weir_engine_options){.share = 1, .shares = 2});
    assert_int_equal(p.workers, 1);
    made.m.quota = 5; /* divided like cores */
    for (unsigned share = 0, sum = 0; share < 3; share++) {
        p = decide(&made.m, &plain, &alone, (weir_engine_options){.share = share, .shares = 3});
        sum += p.workers;
        assert_in_range(p.workers, 1, 2);
        if (share == 2)
            assert_in_range(sum, 3, 5);
    }
    made.m.quota = 0;
    openmp = (weir__openmp){.limit = 3};
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){0});
    assert_int_equal(p.workers, 3);
    assert_contains(p.workers_why, "OMP_THREAD_LIMIT");
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){.workers = 5});
    assert_int_equal(p.workers, 5);
    assert_int_equal(p.threads, 3);
    assert_contains(p.workers_why, "OMP_THREAD_LIMIT leaves 3");
    openmp.limit = UINT32_MAX;
    openmp.dynamic = true;
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){.workers = 5});
    assert_contains(p.workers_why, "OMP_DYNAMIC");
    weir_topology_free(made.topology);
}

static void openmps_places_win_and_hold_as_many_workers_as_cores(void **state)
{
    weir__openmp openmp = {.limit = UINT32_MAX,
                           .binds = true,
                           .places = 1,
                           .variable = "OMP_PLACES",
                           .value = "sockets"};
    (void)state;
    machine made = random_machine();
    weir_placement p =
        decide(&made.m, &openmp, &alone, (weir_engine_options){.bind = WEIR_BIND_CORE});
    assert_int_equal(p.bind, WEIR_BIND_NONE);
    assert_true(p.openmp_binds);
    assert_int_equal(p.workers, made.m.cores);
    assert_contains(p.bind_why, "OMP_PLACES is sockets");
    openmp.places = made.m.count; /* threads */
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){0});
    assert_int_equal(p.workers, made.m.count);
    openmp.threads = 2; /* OMP_NUM_THREADS */
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){0});
    assert_int_equal(p.workers, 2);
    openmp.threads = 1000000;
    p = decide(&made.m, &openmp, &alone, (weir_engine_options){0});
    assert_int_equal(p.workers, WEIR_MAX_WORKERS);
    weir_topology_free(made.topology);
}

static void a_described_machine_is_decided_by_the_options_alone(void **state)
{
    weir_topology *topology;
    weir_placement p;
    (void)state;
    assert_ok(weir_topology_load("pack:2 core:4 pu:2", &topology));
    setenv("WEIR_WORKERS", "nonsense", 1);
    setenv("WEIR_SHARE", "1/2", 1);
    setenv("OMPI_COMM_WORLD_LOCAL_RANK", "1", 1);
    setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", 1);
    const weir_status status = weir_topology_decide(topology, NULL, &p);
    unsetenv("WEIR_WORKERS");
    unsetenv("WEIR_SHARE");
    unsetenv("OMPI_COMM_WORLD_LOCAL_RANK");
    unsetenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    assert_ok(status);
    assert_int_equal(p.workers, 8);
    assert_int_equal(p.shares, 1);
    const weir_engine_options wrong = {.share = 2, .shares = 2};
    assert_status(WEIR_EINVAL, weir_topology_decide(topology, &wrong, &p));
    assert_string_equal(weir_last_error()->where, "share");
    weir_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_worker_has_one_hardware_thread_and_cores_are_used_evenly),
        cmocka_unit_test(shares_are_runs_of_cores_that_cover_the_machine_and_do_not_meet),
        cmocka_unit_test(more_shares_than_cores_load_hardware_threads_as_evenly_as_cores_allow),
        cmocka_unit_test(engines_keep_off_each_others_cores_while_there_are_some),
        cmocka_unit_test(a_team_smaller_than_its_part_is_bound_only_if_asked),
        cmocka_unit_test(a_launchers_rank_has_its_part_if_the_mask_is_all_that_the_cgroup_allows),
        cmocka_unit_test(the_quota_and_the_thread_limit_bound_the_default),
        cmocka_unit_test(openmps_places_win_and_hold_as_many_workers_as_cores),
        cmocka_unit_test(a_described_machine_is_decided_by_the_options_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
