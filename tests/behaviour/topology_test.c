/* This machine's topology against what the operating system says of this process.
 *
 * Runs on any Linux machine, in one process and children of it, since the affinity mask is changed
 * on the way.  It must never use anything but the public headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weir.h"

#define MAX_CPUS 4096

/* The CPUs that the calling thread may use, as numbers; returns how many. */
static unsigned allowed_cpus(unsigned *cpus)
{
    cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
    const size_t bytes = CPU_ALLOC_SIZE(MAX_CPUS);
    unsigned count = 0;
    assert_non_null(set);
    assert_int_equal(sched_getaffinity(0, bytes, set), 0);
    for (unsigned i = 0; i < MAX_CPUS; i++)
        if (CPU_ISSET_S(i, bytes, set))
            cpus[count++] = i;
    CPU_FREE(set);
    return count;
}

static void bind_to(unsigned cpu)
{
    cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
    const size_t bytes = CPU_ALLOC_SIZE(MAX_CPUS);
    assert_non_null(set);
    CPU_ZERO_S(bytes, set);
    CPU_SET_S(cpu, bytes, set);
    assert_int_equal(sched_setaffinity(0, bytes, set), 0);
    CPU_FREE(set);
}

static bool is_among(unsigned cpu, const unsigned *cpus, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (cpus[i] == cpu)
            return true;
    return false;
}

/* Runs check(cpu) in a child that may use one CPU only; true if it exits with 0. */
static bool holds_on_one_cpu(unsigned cpu, bool (*check)(unsigned cpu))
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bind_to(cpu);
        _exit(check(cpu) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void the_topology_is_what_the_affinity_mask_allows(void **state)
{
    static unsigned cpus[MAX_CPUS];
    weir_topology *topology;
    const weir_pu *pus;
    (void)state;
    const unsigned count = allowed_cpus(cpus);
    assert_int_equal(weir_topology_load(NULL, &topology), WEIR_OK);
    assert_int_equal(weir_topology_pus(topology, &pus), count);
    for (unsigned i = 0; i < count; i++)
        assert_true(is_among(pus[i].os_index, cpus, count));
    weir_topology_free(topology);
}

static void loading_leaves_the_affinity_mask_alone(void **state)
{
    static unsigned before[MAX_CPUS], after[MAX_CPUS];
    weir_topology *topology;
    (void)state;
    const unsigned count = allowed_cpus(before);
    assert_int_equal(weir_topology_load(NULL, &topology), WEIR_OK);
    assert_int_equal(allowed_cpus(after), count);
    assert_memory_equal(before, after, count * sizeof before[0]);
    weir_topology_free(topology);
}

static void the_numbers_count_from_0_and_have_no_gaps(void **state)
{
    weir_topology *topology;
    const weir_pu *pus;
    (void)state;
    assert_int_equal(weir_topology_load(NULL, &topology), WEIR_OK);
    const unsigned count = weir_topology_pus(topology, &pus);
    assert_int_equal(pus[0].core + pus[0].l3 + pus[0].numa + pus[0].package + pus[0].smt, 0);
    for (unsigned i = 1; i < count; i++) {
        const weir_pu *a = &pus[i - 1], *b = &pus[i];
        assert_in_range(b->core - a->core, 0, 1);
        assert_in_range(b->l3 - a->l3, 0, 1);
        assert_in_range(b->numa - a->numa, 0, 1);
        assert_in_range(b->package - a->package, 0, 1);
        assert_int_equal(b->smt, b->core == a->core ? a->smt + 1 : 0);
    }
    weir_topology_free(topology);
}

static void the_default_is_a_worker_a_core_within_the_quota(void **state)
{
    weir_topology *topology;
    const weir_pu *pus;
    (void)state;
    assert_int_equal(weir_topology_load(NULL, &topology), WEIR_OK);
    const unsigned count = weir_topology_pus(topology, &pus);
    const unsigned cores = pus[count - 1].core + 1, quota = weir_topology_quota(topology);
    assert_int_equal(weir_topology_default_workers(topology),
                     quota > 0 && quota < cores ? quota : cores);
    weir_topology_free(topology);
}

static void places_are_on_allowed_cpus(void **state)
{
    static unsigned cpus[MAX_CPUS], places[3 * MAX_CPUS];
    weir_topology *topology;
    const weir_pu *pus;
    (void)state;
    const unsigned count = allowed_cpus(cpus);
    assert_int_equal(weir_topology_load(NULL, &topology), WEIR_OK);
    const unsigned known = weir_topology_pus(topology, &pus);
    for (weir_bind bind = WEIR_BIND_AUTO; bind < WEIR_BIND_NONE; bind++) {
        assert_int_equal(weir_topology_place(topology, bind, 3 * count, places), WEIR_OK);
        for (unsigned i = 0; i < 3 * count; i++) {
            assert_in_range(places[i], 0, known - 1);
            assert_true(is_among(pus[places[i]].os_index, cpus, count));
        }
    }
    weir_topology_free(topology);
}

/* All that a program sees if it may use one CPU. No asserts: it runs in a child. */
static bool sees_one_cpu(unsigned cpu)
{
    weir_topology *topology;
    const weir_pu *pus;
    unsigned places[3];
    if (weir_topology_load(NULL, &topology) != WEIR_OK)
        return false;
    const bool seen = weir_topology_pus(topology, &pus) == 1 && pus[0].os_index == cpu &&
                      pus[0].core == 0 && pus[0].smt == 0 && pus[0].kind == 0 &&
                      weir_topology_default_workers(topology) == 1 &&
                      weir_topology_place(topology, WEIR_BIND_SPREAD, 3, places) == WEIR_OK &&
                      places[0] + places[1] + places[2] == 0;
    weir_topology_free(topology);
    return seen;
}

static void a_process_with_one_cpu_sees_one(void **state)
{
    static unsigned cpus[MAX_CPUS];
    (void)state;
    const unsigned count = allowed_cpus(cpus);
    assert_true(holds_on_one_cpu(cpus[0], sees_one_cpu));
    assert_true(holds_on_one_cpu(cpus[count - 1], sees_one_cpu));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_topology_is_what_the_affinity_mask_allows),
        cmocka_unit_test(loading_leaves_the_affinity_mask_alone),
        cmocka_unit_test(the_numbers_count_from_0_and_have_no_gaps),
        cmocka_unit_test(the_default_is_a_worker_a_core_within_the_quota),
        cmocka_unit_test(places_are_on_allowed_cpus),
        cmocka_unit_test(a_process_with_one_cpu_sees_one),
    };
    unsetenv("OMP_PROC_BIND");
    unsetenv("OMP_PLACES");
    unsetenv("HWLOC_SYNTHETIC");
    unsetenv("HWLOC_XMLFILE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
