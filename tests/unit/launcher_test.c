/* Which part of a node a launcher's variables give a process, for every launcher that is known.
 *
 * Runs anywhere; no launcher is needed.  It must never leave a variable of one set behind. */
#include "support.h"

#include <stdlib.h>

#include "machine/launcher.h"

static const char *const variables[] = {"OMPI_COMM_WORLD_LOCAL_RANK",
                                        "OMPI_COMM_WORLD_LOCAL_SIZE",
                                        "MPI_LOCALRANKID",
                                        "MPI_LOCALNRANKS",
                                        "MV2_COMM_WORLD_LOCAL_RANK",
                                        "MV2_COMM_WORLD_LOCAL_SIZE",
                                        "PALS_LOCAL_RANKID",
                                        "PALS_LOCAL_SIZE",
                                        "PMI_LOCAL_RANK",
                                        "PMI_LOCAL_SIZE",
                                        "PMI_RANK",
                                        "PMI_SIZE",
                                        "JSM_NAMESPACE_LOCAL_RANK",
                                        "JSM_NAMESPACE_LOCAL_SIZE",
                                        "FLUX_TASK_LOCAL_ID",
                                        "FLUX_JOB_SIZE",
                                        "FLUX_JOB_NNODES",
                                        "SLURM_LOCALID",
                                        "SLURM_NODEID",
                                        "SLURM_PROCID",
                                        "SLURM_STEP_ID",
                                        "SLURM_STEP_TASKS_PER_NODE",
                                        "SLURM_TASKS_PER_NODE",
                                        "SLURM_NTASKS_PER_NODE",
                                        "ENVIRONMENT"};

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return 0;
}

/* Sets "NAME=value NAME=value …", looks, and clears all again. */
static weir__launcher look_with(const char *settings)
{
    char copy[512], *next;
    snprintf(copy, sizeof copy, "%s", settings);
    for (char *one = strtok_r(copy, " ", &next); one != NULL; one = strtok_r(NULL, " ", &next)) {
        char *value = strchr(one, '=');
        *value++ = '\0';
        setenv(one, value, 1);
    }
    const weir__launcher found = weir__launcher_look();
    clear_environment(NULL);
    return found;
}

static void every_launcher_says_rank_and_number_of_ranks_of_the_node(void **state)
{
    static const struct {
        const char *settings;
        unsigned rank, ranks;
        const char *name;
    } cases[] = {
        {"OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=2", 1, 2, "Open MPI"},
        {"MPI_LOCALRANKID=3 MPI_LOCALNRANKS=8 PMI_RANK=11 PMI_SIZE=16", 3, 8, "MPICH"},
        {"MV2_COMM_WORLD_LOCAL_RANK=0 MV2_COMM_WORLD_LOCAL_SIZE=4", 0, 4, "MVAPICH2"},
        {"PALS_LOCAL_RANKID=2 PALS_LOCAL_SIZE=4", 2, 4, "PALS"},
        {"PMI_LOCAL_RANK=2 PMI_LOCAL_SIZE=3", 2, 3, "PMI"},
        {"JSM_NAMESPACE_LOCAL_RANK=5 JSM_NAMESPACE_LOCAL_SIZE=6", 5, 6, "JSM"},
        {"FLUX_TASK_LOCAL_ID=1 FLUX_JOB_SIZE=8 FLUX_JOB_NNODES=2", 1, 4, "Flux"},
        {"SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=2", 1, 2, "Slurm"},
        {"SLURM_LOCALID=1 SLURM_NTASKS_PER_NODE=4", 1, 4, "Slurm"},
        {"SLURM_LOCALID=0 SLURM_NODEID=2 SLURM_TASKS_PER_NODE=2(x3),1", 0, 2, "Slurm"},
        {"SLURM_LOCALID=0 SLURM_NODEID=3 SLURM_TASKS_PER_NODE=2(x3),1", 0, 1, "Slurm"},
        {"SLURM_LOCALID=3 SLURM_NODEID=1 SLURM_TASKS_PER_NODE=1,4,2(x2)", 3, 4, "Slurm"},
        /* The step's own number wins over the job's. */
        {"SLURM_LOCALID=1 SLURM_STEP_ID=0 SLURM_STEP_TASKS_PER_NODE=2 SLURM_TASKS_PER_NODE=64", 1,
         2, "Slurm"},
        {"SLURM_LOCALID=1 SLURM_STEP_ID=0 SLURM_TASKS_PER_NODE=2 ENVIRONMENT=BATCH", 1, 2, "Slurm"},
        /* mpirun below srun. */
        {"SLURM_LOCALID=0 SLURM_TASKS_PER_NODE=1 OMPI_COMM_WORLD_LOCAL_RANK=2 "
         "OMPI_COMM_WORLD_LOCAL_SIZE=4",
         2, 4, "Open MPI"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const weir__launcher found = look_with(cases[i].settings);
        if (found.rank != cases[i].rank || found.ranks != cases[i].ranks || found.name == NULL)
            fail_msg("%s: %u/%u", cases[i].settings, found.rank, found.ranks);
        assert_string_equal(found.name, cases[i].name);
    }
}

static void what_is_no_rank_among_ranks_counts_as_none(void **state)
{
    static const char *const settings[] = {
        "",
        "OMPI_COMM_WORLD_LOCAL_RANK=1",
        "OMPI_COMM_WORLD_LOCAL_SIZE=2",
        "OMPI_COMM_WORLD_LOCAL_RANK=2 OMPI_COMM_WORLD_LOCAL_SIZE=2",
        "OMPI_COMM_WORLD_LOCAL_RANK=-1 OMPI_COMM_WORLD_LOCAL_SIZE=2",
        "OMPI_COMM_WORLD_LOCAL_RANK=1x OMPI_COMM_WORLD_LOCAL_SIZE=2",
        "OMPI_COMM_WORLD_LOCAL_RANK= OMPI_COMM_WORLD_LOCAL_SIZE=2",
        "OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=99999999999999999999",
        "PMI_RANK=1 PMI_SIZE=2", /* of all nodes together */
        "FLUX_TASK_LOCAL_ID=1 FLUX_JOB_SIZE=7 FLUX_JOB_NNODES=2",
        "FLUX_TASK_LOCAL_ID=1 FLUX_JOB_SIZE=7 FLUX_JOB_NNODES=0",
        "SLURM_LOCALID=1",
        "SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=",
        "SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=2(x",
        "SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=2(x3",
        "SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=2(3)",
        "SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=two",
        "SLURM_LOCALID=1 SLURM_TASKS_PER_NODE=4;2",
        "SLURM_LOCALID=1 SLURM_NODEID=4 SLURM_TASKS_PER_NODE=2(x3),1",
        /* A batch script itself: one process, which has the node. */
        "SLURM_LOCALID=0 SLURM_PROCID=0 SLURM_TASKS_PER_NODE=4 ENVIRONMENT=BATCH",
    };
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const weir__launcher found = look_with(settings[i]);
        if (found.rank != 0 || found.ranks != 1 || found.name != NULL)
            fail_msg("%s: %u/%u", settings[i], found.rank, found.ranks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_launcher_says_rank_and_number_of_ranks_of_the_node,
                               clear_environment),
        cmocka_unit_test_setup(what_is_no_rank_among_ranks_counts_as_none, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
