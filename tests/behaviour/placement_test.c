/* Where threads really run and how many there are, under the variables that users set: each case is a
 * child with the variable in its environment from the start, which compares masks with the decision.
 *
 * Run by ctest with either runtime; on a machine with one CPU there is little to see.  It must never
 * believe what the library says without a look at the masks. */
#include "support.h"

#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 256 };

typedef enum who { WEIR, OPENMP, NOBODY, SOMEBODY } who; /* binds the threads */

/* What the ops of a run saw. */
typedef struct seen {
    atomic_int runs[MOST];
    cpu_set_t mask[MOST];
    atomic_int begun;
    unsigned want; /* leaves wait until so many are running at once, or for long */
} seen;

static int look(weir_branch *b, const void *in, void *out)
{
    seen *s = weir_context(b);
    const unsigned worker = weir_worker(b);
    (void)in, (void)out;
    if (worker >= MOST)
        return 1;
    if (atomic_fetch_add(&s->runs[worker], 1) == 0)
        sched_getaffinity(0, sizeof s->mask[worker], &s->mask[worker]);
    atomic_fetch_add(&s->begun, 1);
    for (int wait = 0; wait < 20000 && atomic_load(&s->begun) < (int)s->want; wait++)
        sched_yield();
    return 0;
}

#define CHILD_CHECK(x)                                                                             \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "child, line %d: %s (last error: %s)\n", __LINE__, #x,                 \
                    weir_last_error()->text);                                                      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* What the threads of any region of that size have, before weir is there. */
static void look_at_plain_region(unsigned threads, cpu_set_t *masks)
{
#pragma omp parallel num_threads(threads)
    {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        sched_getaffinity(0, sizeof mask, &mask);
        masks[omp_get_thread_num()] = mask;
    }
}

/* The child: the masks of a run are those that the decision tells. With 0 workers no engine
 * may open instead, for want of a CPU. */
static int child(unsigned workers, who binds)
{
    static seen s;
    static cpu_set_t plain[MOST], mine;
    static unsigned places[MOST];
    weir_topology *topology;
    weir_placement placement;
    weir_engine *engine;
    weir_plan *plan;
    weir_stats stats;
    const weir_pu *pus;
    const weir_layer layer = {.name = "look", .leaf = look};
    sched_getaffinity(0, sizeof mine, &mine);
    if (workers == 0 && weir_engine_open(NULL, &engine) == WEIR_EINVAL) {
        CHILD_CHECK(strstr(weir_last_error()->text, "this process may not use the CPUs of place"));
        return 0;
    }
    CHILD_CHECK(weir_topology_load(NULL, &topology) == WEIR_OK);
    weir_topology_pus(topology, &pus);
    CHILD_CHECK(weir_topology_decide(topology, NULL, &placement) == WEIR_OK);
    workers = workers > 0 ? workers : placement.workers;
    CHILD_CHECK(placement.workers == workers);
    CHILD_CHECK(binds == SOMEBODY || (placement.bind != WEIR_BIND_NONE) == (binds == WEIR));
    CHILD_CHECK(binds == SOMEBODY || (placement.openmp_binds != 0) == (binds == OPENMP));
    if (placement.bind != WEIR_BIND_NONE)
        CHILD_CHECK(weir_topology_places(topology, &placement, places) == WEIR_OK);
    if (placement.openmp_binds)
        look_at_plain_region(placement.threads, plain);
    CHILD_CHECK(weir_engine_open(NULL, &engine) == WEIR_OK);
    CHILD_CHECK(weir_engine_workers(engine) == workers);
    CHILD_CHECK(weir_plan_compile(&layer, &plan) == WEIR_OK);
    s.want = placement.threads;
    CHILD_CHECK(weir_run_many(engine, plan, &s, 40, NULL, NULL) == WEIR_OK);
    weir_engine_stats(engine, &stats);
    CHILD_CHECK(stats.workers == placement.threads);
    for (unsigned w = 0; w < placement.threads; w++) {
        if (atomic_load(&s.runs[w]) == 0)
            continue;
        if (placement.bind != WEIR_BIND_NONE)
            CHILD_CHECK(CPU_COUNT(&s.mask[w]) == 1 &&
                        CPU_ISSET(pus[places[w]].os_index, &s.mask[w]));
        else
            CHILD_CHECK(CPU_EQUAL(&s.mask[w], placement.openmp_binds ? &plain[w] : &mine));
    }
    weir_plan_free(plan);
    weir_engine_close(engine);
    weir_topology_free(topology);
    return 0;
}

/* Sets "NAME=value;NAME=value" and keeps `cpus` CPUs of the mask; 0: all. */
static void prepare(const char *settings, unsigned cpus)
{
    char copy[4096], *next;
    snprintf(copy, sizeof copy, "%s", settings);
    for (char *one = strtok_r(copy, ";", &next); one != NULL; one = strtok_r(NULL, ";", &next)) {
        char *value = strchr(one, '=');
        *value++ = '\0';
        setenv(one, value, 1);
    }
    if (cpus > 0) {
        cpu_set_t mask;
        sched_getaffinity(0, sizeof mask, &mask);
        for (size_t cpu = 0, kept = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &mask) && kept++ >= cpus)
                CPU_CLR(cpu, &mask);
        sched_setaffinity(0, sizeof mask, &mask);
    }
}

/* The runtimes complain of wrong values on stderr: what a child writes is shown only if it fails. */
static void expect(const char *settings, unsigned cpus, unsigned workers, who binds)
{
    char number[16], how[16], output[4096];
    int ends[2], status;
    size_t length = 0;
    ssize_t got;
    snprintf(number, sizeof number, "%u", workers);
    snprintf(how, sizeof how, "%d", (int)binds);
    assert_int_equal(pipe(ends), 0);
    const pid_t id = fork();
    assert_true(id >= 0);
    if (id == 0) {
        prepare(settings, cpus);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "placement_test", number, how, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], output + length, sizeof output - 1 - length)) > 0)
        length += (size_t)got;
    output[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(id, &status, 0), id);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s: %s", settings, output);
}

/* What this process may use, with nothing set. */
static unsigned cores, hardware_threads;
static const weir_pu *pus;
static weir_topology *here;

static void nothing_set_fills_the_machine(void **state)
{
    (void)state;
    expect("", 0, cores, WEIR);
    expect("", 1, 1, WEIR);
}

static void fewer_workers_than_cores_are_bound_only_if_asked(void **state)
{
    (void)state;
    if (cores < 2)
        skip();
    expect("WEIR_WORKERS=1", 0, 1, NOBODY);
    expect("WEIR_WORKERS=1;WEIR_BIND=core", 0, 1, WEIR);
    expect("WEIR_WORKERS=1;WEIR_BIND=spread", 0, 1, WEIR);
    expect("WEIR_WORKERS=1;OMP_PROC_BIND=true", 0, 1, OPENMP);
    expect("WEIR_BIND=none", 0, cores, NOBODY);
}

static void omp_num_threads_is_the_default_of_workers(void **state)
{
    (void)state;
    expect("OMP_NUM_THREADS=3", 0, 3, cores <= 3 ? WEIR : NOBODY);
    expect("OMP_NUM_THREADS=3,2", 0, 3, cores <= 3 ? WEIR : NOBODY);
    expect("OMP_NUM_THREADS= 3 , 2", 0, 3, cores <= 3 ? WEIR : NOBODY);
    expect("OMP_NUM_THREADS=1;WEIR_WORKERS=3", 0, 3, cores <= 3 ? WEIR : NOBODY);
    expect("OMP_NUM_THREADS=2;OMP_PROC_BIND=true", 0, 2, OPENMP);
    expect("OMP_NUM_THREADS=3", 1, 3, WEIR);
}

static void openmps_own_binding_is_left_alone(void **state)
{
    (void)state;
    expect("OMP_PROC_BIND=true", 0, cores, OPENMP);
    expect("OMP_PROC_BIND=close", 0, cores, OPENMP);
    expect("OMP_PROC_BIND=spread;WEIR_BIND=core", 0, cores, OPENMP);
    expect("OMP_PLACES=cores", 0, cores, OPENMP);
    expect("OMP_PLACES=threads", 0, hardware_threads, OPENMP);
    expect("OMP_PROC_BIND=true", 1, 1, OPENMP);
    expect("OMP_PLACES=cores", 1, 1, OPENMP);
}

static void a_place_holds_as_many_workers_as_it_has_cores(void **state)
{
    (void)state;
    expect("OMP_PLACES=sockets", 0, cores, OPENMP);
    expect("OMP_PLACES=sockets;OMP_PROC_BIND=close", 0, cores, OPENMP);
}

static void lists_of_cpus_limit_the_workers(void **state)
{
    char one[64], two[128];
    (void)state;
    const unsigned last = pus[hardware_threads - 1].os_index;
    snprintf(one, sizeof one, "GOMP_CPU_AFFINITY=%u", last);
    expect(one, 0, 1, OPENMP);
    snprintf(one, sizeof one, "OMP_PLACES={%u}", last);
    expect(one, 0, 1, OPENMP);
    snprintf(two, sizeof two, "GOMP_CPU_AFFINITY=%u %u", pus[0].os_index, last);
    if (cores > 1)
        expect(two, 0, 2, OPENMP);
    snprintf(two, sizeof two, "OMP_PLACES={%u,%u}", pus[0].os_index, last);
    if (cores > 1)
        expect(two, 0, 2, OPENMP);
}

static void what_the_runtime_does_not_take_does_not_switch_pinning_off(void **state)
{
    (void)state;
    expect("OMP_PLACES=", 0, cores, SOMEBODY);
    expect("OMP_PLACES=nonsense", 0, cores, SOMEBODY);
    expect("OMP_PLACES={4000}", 0, cores, WEIR);
    expect("OMP_PROC_BIND=", 0, cores, WEIR);
    expect("OMP_PROC_BIND=nonsense", 0, cores, WEIR);
    expect("GOMP_CPU_AFFINITY=", 0, cores, WEIR);
}

/* libgomp would end the process when it starts a thread there, unless it knows that there is no such
 * CPU; libomp takes no notice. */
static void a_place_that_cannot_be_used_opens_no_engine(void **state)
{
    char one[64], two[64];
    (void)state;
    const long absent = sysconf(_SC_NPROCESSORS_CONF);
    snprintf(one, sizeof one, "GOMP_CPU_AFFINITY=%ld", absent);
    snprintf(two, sizeof two, "GOMP_CPU_AFFINITY=%u %ld", pus[0].os_index, absent);
    expect(one, 0, 0, SOMEBODY);
    expect(two, 0, 0, SOMEBODY);
}

static void who_refuses_binding_gets_none(void **state)
{
    (void)state;
    expect("OMP_PROC_BIND=false", 0, cores, NOBODY);
    expect("OMP_PROC_BIND=FALSE;OMP_PLACES=cores", 0, cores, NOBODY);
    expect("OMP_PROC_BIND=false;WEIR_BIND=core", 0, cores, WEIR);
}

static void kmp_variables_count_where_the_runtime_reads_them(void **state)
{
    (void)state;
#if defined(__clang__)
    expect("KMP_AFFINITY=compact", 0, hardware_threads > cores ? hardware_threads : cores, OPENMP);
    expect("KMP_AFFINITY=none", 0, cores, NOBODY);
    expect("KMP_AFFINITY=disabled", 0, cores, NOBODY);
    expect("KMP_HW_SUBSET=1c", 0, 1, WEIR);
#else
    expect("KMP_AFFINITY=compact", 0, cores, WEIR);
    expect("KMP_AFFINITY=disabled", 0, cores, WEIR);
#endif
}

static void a_thread_limit_is_kept(void **state)
{
    (void)state;
    expect("OMP_THREAD_LIMIT=1", 0, 1, cores > 1 ? NOBODY : WEIR);
    expect("OMP_THREAD_LIMIT=2;WEIR_WORKERS=3", 0, 3, cores > 2 ? NOBODY : WEIR);
    expect("OMP_THREAD_LIMIT=1;OMP_PROC_BIND=true", 0, 1, OPENMP);
}

static void a_share_has_its_own_cores(void **state)
{
    (void)state;
    if (cores != 2)
        skip(); /* decide_test has all numbers */
    expect("WEIR_SHARE=0/2", 0, 1, WEIR);
    expect("WEIR_SHARE=1/2", 0, 1, WEIR);
    expect("OMPI_COMM_WORLD_LOCAL_RANK=1;OMPI_COMM_WORLD_LOCAL_SIZE=2", 0, 1, WEIR);
    expect("SLURM_LOCALID=1;SLURM_TASKS_PER_NODE=2(x2)", 0, 1, WEIR);
    expect("OMPI_COMM_WORLD_LOCAL_RANK=1;OMPI_COMM_WORLD_LOCAL_SIZE=2;WEIR_SHARE=0/1", 0, 2, WEIR);
    expect("OMPI_COMM_WORLD_LOCAL_RANK=1;OMPI_COMM_WORLD_LOCAL_SIZE=2", 1, 1, WEIR);
    expect("MPI_LOCALRANKID=3;MPI_LOCALNRANKS=4", 0, 1, NOBODY);
}

/* hwloc's variables tell of another machine; one in a file, too. */
static void another_machine_in_the_environment_changes_nothing(void **state)
{
    char path[] = "/tmp/weir-machine-XXXXXX", setting[64];
    static const char xml[] =
        "<?xml version=\"1.0\"?><!DOCTYPE topology SYSTEM \"hwloc2.dtd\">"
        "<topology version=\"2.0\"><object type=\"Machine\" os_index=\"0\" cpuset=\"0x0000000f\" "
        "complete_cpuset=\"0x0000000f\" allowed_cpuset=\"0x0000000f\" nodeset=\"0x00000001\" "
        "complete_nodeset=\"0x00000001\" allowed_nodeset=\"0x00000001\" gp_index=\"1\">"
        "<object type=\"NUMANode\" os_index=\"0\" cpuset=\"0x0000000f\" "
        "complete_cpuset=\"0x0000000f\" nodeset=\"0x00000001\" complete_nodeset=\"0x00000001\" "
        "gp_index=\"2\" local_memory=\"1024\"/>"
        "<object type=\"PU\" os_index=\"0\" cpuset=\"0x00000001\" complete_cpuset=\"0x00000001\" "
        "nodeset=\"0x00000001\" complete_nodeset=\"0x00000001\" gp_index=\"3\"/>"
        "<object type=\"PU\" os_index=\"3\" cpuset=\"0x00000008\" complete_cpuset=\"0x00000008\" "
        "nodeset=\"0x00000001\" complete_nodeset=\"0x00000001\" gp_index=\"4\"/>"
        "</object></topology>";
    (void)state;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, xml, sizeof xml - 1), sizeof xml - 1);
    close(file);
    snprintf(setting, sizeof setting, "HWLOC_XMLFILE=%s", path);
    expect(setting, 0, hardware_threads, WEIR);
    unlink(path);
    expect(setting, 0, cores, WEIR); /* no such file */
    expect("HWLOC_SYNTHETIC=pack:2 core:64 pu:1", 0, hardware_threads, WEIR);
    expect("HWLOC_SYNTHETIC=pack:2 core:64 pu:1", 1, 1, WEIR);
    expect("HWLOC_SYNTHETIC=pu:1", 0, hardware_threads, WEIR);
}

int main(int arguments, char **argument)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_set_fills_the_machine),
        cmocka_unit_test(fewer_workers_than_cores_are_bound_only_if_asked),
        cmocka_unit_test(omp_num_threads_is_the_default_of_workers),
        cmocka_unit_test(openmps_own_binding_is_left_alone),
        cmocka_unit_test(a_place_holds_as_many_workers_as_it_has_cores),
        cmocka_unit_test(lists_of_cpus_limit_the_workers),
        cmocka_unit_test(what_the_runtime_does_not_take_does_not_switch_pinning_off),
        cmocka_unit_test(a_place_that_cannot_be_used_opens_no_engine),
        cmocka_unit_test(who_refuses_binding_gets_none),
        cmocka_unit_test(kmp_variables_count_where_the_runtime_reads_them),
        cmocka_unit_test(a_thread_limit_is_kept),
        cmocka_unit_test(a_share_has_its_own_cores),
        cmocka_unit_test(another_machine_in_the_environment_changes_nothing),
    };
    if (arguments > 2)
        return child((unsigned)atoi(argument[1]), (who)atoi(argument[2]));
    static const char *const variables[] = {"OMP_PROC_BIND",
                                            "OMP_PLACES",
                                            "OMP_NUM_THREADS",
                                            "OMP_THREAD_LIMIT",
                                            "GOMP_CPU_AFFINITY",
                                            "KMP_AFFINITY",
                                            "KMP_HW_SUBSET",
                                            "WEIR_WORKERS",
                                            "WEIR_BIND",
                                            "WEIR_SHARE",
                                            "OMPI_COMM_WORLD_LOCAL_SIZE",
                                            "SLURM_LOCALID",
                                            "HWLOC_SYNTHETIC",
                                            "HWLOC_XMLFILE"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i]) != NULL) {
            fprintf(stderr, "%s is set; these tests need it unset\n", variables[i]);
            return 1;
        }
    if (weir_topology_load(NULL, &here) != WEIR_OK || weir_topology_quota(here) > 0) {
        fputs("these tests need a machine without a CPU quota\n", stderr);
        return 77;
    }
    hardware_threads = weir_topology_pus(here, &pus);
    cores = pus[hardware_threads - 1].core + 1;
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    weir_topology_free(here);
    return failures;
}
