/* Placement plans and topologies, on machines that are not here and with memory that is not there.
 *
 * Runs on any machine: every topology is synthetic, or an array in this file.  It must never depend
 * on the CPUs of the machine that runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/testing.h"
#include "machine/place.h"
#include "machine/topology.h"

#define MAX_PUS     256
#define MAX_WORKERS (3 * MAX_PUS)

static const char *const machines[] = {
    "pack:2 core:64 pu:2",
    "pack:2 [numa] l3:2 core:16 pu:2",
    "core:1 pu:1",
    "pack:1 core:8 pu:1",
    "pu:5",
};
#define MACHINES (sizeof machines / sizeof machines[0])

/* A plan and the machine that it is for. */
typedef struct plan {
    weir_pu pus[MAX_PUS];
    unsigned count, workers;
    unsigned scratch[3 * MAX_PUS], places[MAX_WORKERS]; /* the first of scratch: loads */
} plan;

static void load_machine(plan *p, const char *synthetic)
{
    weir_topology *topology;
    const weir_pu *pus;
    assert_int_equal(weir_topology_load(synthetic, &topology), WEIR_OK);
    p->count = weir_topology_pus(topology, &pus);
    assert_in_range(p->count, 1, MAX_PUS);
    memcpy(p->pus, pus, p->count * sizeof *pus);
    weir_topology_free(topology);
}

/* One package: `fast` cores of two hardware threads, then `slow` ones of one. */
static void make_hybrid(plan *p, unsigned fast, unsigned slow)
{
    p->count = 0;
    for (unsigned core = 0; core < fast + slow; core++)
        for (unsigned smt = 0; smt < (core < fast ? 2u : 1u); smt++) {
            p->pus[p->count] =
                (weir_pu){.os_index = p->count, .core = core, .smt = smt, .kind = core >= fast};
            p->count++;
        }
}

/* The machine of a number, the synthetic ones first. Returns false behind the last. */
static bool next_machine(plan *p, unsigned number)
{
    if (number < MACHINES) {
        load_machine(p, machines[number]);
    } else if (number == MACHINES) {
        make_hybrid(p, 8, 16);
    } else if (number == MACHINES + 1) {
        make_hybrid(p, 2, 2);
        for (unsigned i = 0; i < p->count; i++) /* the slow ones stand first */
            p->pus[i].kind = 1 - p->pus[i].kind;
    } else {
        return false;
    }
    return true;
}

static void make_plan(plan *p, weir_bind bind, unsigned workers)
{
    p->workers = workers;
    memset(p->scratch, 0, sizeof p->scratch);
    assert_int_equal(weir__place_plan(p->pus, p->count, bind, workers, p->scratch, p->places),
                     WEIR_OK);
    for (unsigned i = 0; i < workers; i++)
        assert_in_range(p->places[i], 0, p->count - 1);
}

static unsigned least(const unsigned *load, unsigned count)
{
    unsigned found = load[0];
    for (unsigned i = 1; i < count; i++)
        found = load[i] < found ? load[i] : found;
    return found;
}

static unsigned most(const unsigned *load, unsigned count)
{
    unsigned found = load[0];
    for (unsigned i = 1; i < count; i++)
        found = load[i] > found ? load[i] : found;
    return found;
}

static unsigned count_cores(const plan *p)
{
    return p->pus[p->count - 1].core + 1;
}

static void load_of_pus(const plan *p, unsigned *load)
{
    memset(load, 0, p->count * sizeof *load);
    for (unsigned i = 0; i < p->workers; i++)
        load[p->places[i]]++;
}

static void load_of_cores(const plan *p, unsigned *load)
{
    memset(load, 0, count_cores(p) * sizeof *load);
    for (unsigned i = 0; i < p->workers; i++)
        load[p->pus[p->places[i]].core]++;
}

static void spread_and_pu_load_hardware_threads_evenly(void **state)
{
    static plan p;
    unsigned load[MAX_PUS];
    (void)state;
    for (unsigned machine = 0; next_machine(&p, machine); machine++)
        for (unsigned workers = 1; workers <= 3 * p.count; workers++)
            for (weir_bind bind = WEIR_BIND_SPREAD; bind <= WEIR_BIND_PU; bind++) {
                make_plan(&p, bind, workers);
                load_of_pus(&p, load);
                assert_true(most(load, p.count) - least(load, p.count) <= 1);
            }
}

static void core_fills_every_core_before_it_doubles_up(void **state)
{
    static plan p;
    unsigned load[MAX_PUS];
    (void)state;
    for (unsigned machine = 0; next_machine(&p, machine); machine++)
        for (unsigned workers = 1; workers <= 3 * p.count; workers++) {
            make_plan(&p, WEIR_BIND_CORE, workers);
            load_of_cores(&p, load);
            assert_true(most(load, count_cores(&p)) - least(load, count_cores(&p)) <= 1);
        }
}

static void core_shares_no_hardware_thread_while_another_is_free(void **state)
{
    static plan p;
    unsigned load[MAX_PUS];
    (void)state;
    for (unsigned machine = 0; next_machine(&p, machine); machine++)
        for (unsigned workers = 1; workers <= p.count; workers++) {
            make_plan(&p, WEIR_BIND_CORE, workers);
            load_of_pus(&p, load);
            assert_int_equal(most(load, p.count), 1);
        }
}

static void spread_also_fills_every_core_before_it_doubles_up(void **state)
{
    static plan p;
    unsigned load[MAX_PUS];
    (void)state;
    for (unsigned machine = 0; next_machine(&p, machine); machine++)
        for (unsigned workers = 1; workers <= count_cores(&p); workers++) {
            make_plan(&p, WEIR_BIND_SPREAD, workers);
            load_of_cores(&p, load);
            assert_int_equal(most(load, count_cores(&p)), 1);
        }
}

static void with_core_and_pu_more_workers_leave_the_first_ones_where_they_are(void **state)
{
    static plan p;
    static unsigned before[MAX_WORKERS];
    static const weir_bind binds[] = {WEIR_BIND_CORE, WEIR_BIND_PU};
    (void)state;
    for (unsigned machine = 0; next_machine(&p, machine); machine++)
        for (unsigned i = 0; i < 2; i++) {
            make_plan(&p, binds[i], 3 * p.count);
            memcpy(before, p.places, sizeof before);
            make_plan(&p, binds[i], p.count);
            assert_memory_equal(before, p.places, p.count * sizeof before[0]);
        }
}

static void core_takes_neighbouring_cores(void **state)
{
    static plan p;
    (void)state;
    load_machine(&p, "pack:2 core:64 pu:2");
    make_plan(&p, WEIR_BIND_CORE, 130);
    for (unsigned i = 0; i < 128; i++) {
        assert_int_equal(p.pus[p.places[i]].core, i);
        assert_int_equal(p.pus[p.places[i]].smt, 0);
    }
    assert_int_equal(p.places[128], 1);
    assert_int_equal(p.places[129], 3);
}

static void pu_takes_neighbouring_hardware_threads_and_wraps(void **state)
{
    static plan p;
    (void)state;
    load_machine(&p, "pack:2 [numa] l3:2 core:16 pu:2");
    make_plan(&p, WEIR_BIND_PU, 300);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(p.places[i], i % 128);
}

/* Every package, NUMA node and L3 cache gets the same number of workers, or one more. */
static void spread_gives_every_package_numa_node_and_cache_its_share(void **state)
{
    static plan p;
    (void)state;
    for (unsigned machine = 0; machine < 2; machine++) {
        load_machine(&p, machines[machine]);
        for (unsigned workers = 1; workers <= 3 * p.count; workers++) {
            unsigned packages[2] = {0}, numas[2] = {0}, l3s[4] = {0};
            make_plan(&p, WEIR_BIND_SPREAD, workers);
            for (unsigned i = 0; i < workers; i++) {
                packages[p.pus[p.places[i]].package]++;
                numas[p.pus[p.places[i]].numa]++;
                l3s[p.pus[p.places[i]].l3]++;
            }
            assert_true(most(packages, 2) - least(packages, 2) <= 1);
            if (machine == 1) {
                assert_true(most(numas, 2) - least(numas, 2) <= 1);
                assert_true(most(l3s, 4) - least(l3s, 4) <= 1);
            }
        }
    }
}

static void spread_puts_two_workers_on_two_packages(void **state)
{
    static plan p;
    (void)state;
    load_machine(&p, "pack:2 core:64 pu:2");
    make_plan(&p, WEIR_BIND_SPREAD, 2);
    assert_int_equal(p.pus[p.places[0]].core, 0);
    assert_int_equal(p.pus[p.places[1]].core, 64);
}

static void every_policy_takes_fast_cores_first(void **state)
{
    static plan p;
    (void)state;
    make_hybrid(&p, 2, 4);
    for (unsigned i = 0; i < p.count; i++) /* slow cores of two hardware threads stand first */
        p.pus[i].kind = i < 4;
    static const unsigned core[] = {4, 5, 6, 7, 0, 2, 1, 3}, pu[] = {4, 5, 6, 7, 0, 1, 2, 3};
    make_plan(&p, WEIR_BIND_CORE, 8);
    assert_memory_equal(p.places, core, sizeof core);
    make_plan(&p, WEIR_BIND_PU, 8);
    assert_memory_equal(p.places, pu, sizeof pu);
    make_plan(&p, WEIR_BIND_SPREAD, 2);
    assert_memory_equal(p.places, ((unsigned[]){4, 6}), 2 * sizeof(unsigned));
    make_plan(&p, WEIR_BIND_SPREAD, 8);
    assert_memory_equal(p.places, core, sizeof core);
}

static void slow_cores_come_before_second_hardware_threads(void **state)
{
    static plan p;
    (void)state;
    make_hybrid(&p, 8, 16);
    make_plan(&p, WEIR_BIND_CORE, 25);
    for (unsigned i = 0; i < 24; i++)
        assert_int_equal(p.pus[p.places[i]].core, i);
    assert_int_equal(p.places[24], 1);
    make_plan(&p, WEIR_BIND_SPREAD, 12); /* all fast cores, and every fourth slow one */
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(p.pus[p.places[i]].core, i);
    for (unsigned i = 8; i < 12; i++)
        assert_int_equal(p.pus[p.places[i]].core, 8 + 4 * (i - 8));
}

static void auto_is_core(void **state)
{
    static plan p, q;
    (void)state;
    load_machine(&p, machines[1]);
    q = p;
    make_plan(&p, WEIR_BIND_AUTO, 100);
    make_plan(&q, WEIR_BIND_CORE, 100);
    assert_memory_equal(p.places, q.places, 100 * sizeof p.places[0]);
}

static void no_workers_and_no_policy_are_errors_with_a_text(void **state)
{
    static plan p;
    (void)state;
    load_machine(&p, "pu:5");
    const struct {
        int bind;
        unsigned workers;
        const char *where;
    } wrong[] = {{WEIR_BIND_CORE, 0, "workers"}, {WEIR_BIND_NONE, 1, "bind"}, {77, 1, "bind"}};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(weir__place_plan(p.pus, p.count, (weir_bind)wrong[i].bind,
                                          wrong[i].workers, p.scratch, p.places),
                         WEIR_EINVAL);
        assert_string_equal(weir_last_error()->where, wrong[i].where);
        assert_true(strlen(weir_last_error()->text) > 10);
    }
}

static void levels_are_numbered_from_0_over_the_machine(void **state)
{
    static plan p;
    (void)state;
    load_machine(&p, "pack:2 [numa] l3:2 core:16 pu:2");
    assert_int_equal(p.count, 128);
    for (unsigned i = 0; i < p.count; i++) {
        assert_int_equal(p.pus[i].smt, i % 2);
        assert_int_equal(p.pus[i].core, i / 2);
        assert_int_equal(p.pus[i].l3, i / 32);
        assert_int_equal(p.pus[i].numa, i / 64);
        assert_int_equal(p.pus[i].package, i / 64);
        assert_int_equal(p.pus[i].kind, 0);
    }
}

static void the_level_around_stands_in_for_one_that_is_missing(void **state)
{
    static plan p;
    (void)state;
    load_machine(&p, "pack:2 core:64 pu:2"); /* no L3 caches, one NUMA node */
    assert_int_equal(p.pus[255].l3, 1);
    assert_int_equal(p.pus[255].numa, 0);
    load_machine(&p, "pu:5"); /* nothing but hardware threads */
    assert_int_equal(p.pus[4].core, 4);
    assert_int_equal(p.pus[4].smt, 0);
    assert_int_equal(p.pus[4].l3, 0);
    assert_int_equal(p.pus[4].package, 0);
}

static void a_machine_that_is_not_here_has_no_quota_and_binds_nothing(void **state)
{
    weir_topology *topology;
    (void)state;
    assert_int_equal(weir_topology_load("pack:2 core:4 pu:2", &topology), WEIR_OK);
    assert_int_equal(weir_topology_quota(topology), 0);
    assert_int_equal(weir_topology_default_workers(topology), 8);
    assert_false(weir__topology_machine(topology)->can_bind);
    assert_false(weir__topology_bind(topology, 0));
    weir_topology_free(topology);
}

/* stderr goes to a file while the bad descriptions are tried. */
static void a_bad_description_is_an_error_with_a_text_and_prints_nothing(void **state)
{
    static const char *const bad[] = {
        "",         "garbage",  "pack:0",        "pack:2 core:2", "pack:-1",
        "pu:99999", "core:4 [", "pu:0x10000000", "pack:2 pu:4097"};
    FILE *file = tmpfile();
    const int saved = dup(STDERR_FILENO);
    (void)state;
    assert_non_null(file);
    assert_true(saved >= 0);
    fflush(stderr);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    bool refused = true;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        weir_topology *topology = (weir_topology *)&file;
        refused = refused && weir_topology_load(bad[i], &topology) == WEIR_EINVAL &&
                  topology == NULL && strcmp(weir_last_error()->where, "synthetic") == 0 &&
                  weir_last_error()->text[0] != '\0';
    }
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_true(refused);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

/* Takes everything that needs memory once. */
static weir_status use_memory(void)
{
    weir_topology *topology;
    unsigned places[8];
    weir_status status = weir_topology_load("pack:2 core:2 pu:2", &topology);
    if (status != WEIR_OK)
        return status;
    status = weir_topology_place(topology, WEIR_BIND_CORE, 8, places);
    weir__binding *binding = weir__binding_create();
    weir__binding_destroy(binding);
    weir_topology_free(topology);
    return binding == NULL ? WEIR_ENOMEM : status;
}

static void every_allocation_can_fail_and_nothing_is_lost(void **state)
{
    const int64_t blocks = weir__testing_live_blocks();
    unsigned failures = 0;
    weir_status status;
    (void)state;
    do {
        weir__testing_fail_allocation(failures + 1);
        status = use_memory();
        weir__testing_fail_allocation(0);
        assert_int_equal(weir__testing_live_blocks(), blocks);
        if (status != WEIR_OK) {
            assert_int_equal(status, WEIR_ENOMEM);
            failures++;
        }
    } while (status != WEIR_OK);
    assert_int_equal(failures, 6);
    assert_int_equal(weir_last_error()->status, WEIR_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spread_and_pu_load_hardware_threads_evenly),
        cmocka_unit_test(core_fills_every_core_before_it_doubles_up),
        cmocka_unit_test(core_shares_no_hardware_thread_while_another_is_free),
        cmocka_unit_test(spread_also_fills_every_core_before_it_doubles_up),
        cmocka_unit_test(with_core_and_pu_more_workers_leave_the_first_ones_where_they_are),
        cmocka_unit_test(core_takes_neighbouring_cores),
        cmocka_unit_test(pu_takes_neighbouring_hardware_threads_and_wraps),
        cmocka_unit_test(spread_gives_every_package_numa_node_and_cache_its_share),
        cmocka_unit_test(spread_puts_two_workers_on_two_packages),
        cmocka_unit_test(every_policy_takes_fast_cores_first),
        cmocka_unit_test(slow_cores_come_before_second_hardware_threads),
        cmocka_unit_test(auto_is_core),
        cmocka_unit_test(no_workers_and_no_policy_are_errors_with_a_text),
        cmocka_unit_test(levels_are_numbered_from_0_over_the_machine),
        cmocka_unit_test(the_level_around_stands_in_for_one_that_is_missing),
        cmocka_unit_test(a_machine_that_is_not_here_has_no_quota_and_binds_nothing),
        cmocka_unit_test(a_bad_description_is_an_error_with_a_text_and_prints_nothing),
        cmocka_unit_test(every_allocation_can_fail_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
