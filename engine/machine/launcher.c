/* The launchers' variables; see launcher.h. */
#include "machine/launcher.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A whole number, and where it ends; false if there is none. */
static bool read_number(const char *text, unsigned *number, const char **end)
{
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    char *rest;
    errno = 0;
    const unsigned long value = strtoul(text, &rest, 10);
    WEIR_ASSERT(rest != text); /* there is a digit */
    *number = (unsigned)value;
    *end = rest;
    return errno == 0 && value < UINT_MAX;
}

static bool read_variable(const char *name, unsigned *number)
{
    const char *end;
    return read_number(getenv(name), number, &end) && *end == '\0';
}

/* Slurm's list of tasks a node, like "2(x3),1": those of node `node`; 0 if it is not in it. */
static unsigned tasks_of_node(const char *list, unsigned node)
{
    unsigned tasks, times;
    while (read_number(list, &tasks, &list)) {
        times = 1;
        if (strncmp(list, "(x", 2) == 0) {
            if (!read_number(list + 2, &times, &list) || *list++ != ')')
                return 0;
        }
        if (node < times)
            return *list == ',' || *list == '\0' ? tasks : 0;
        node -= times;
        if (*list++ != ',')
            return 0;
    }
    return 0;
}

/* A batch script is not one of the job's tasks, although Slurm gives it the variables of one. */
static bool is_batch_script(void)
{
    const char *environment = getenv("ENVIRONMENT");
    return getenv("SLURM_STEP_ID") == NULL && environment != NULL &&
           strcmp(environment, "BATCH") == 0;
}

static bool look_at_slurm(weir__launcher *found)
{
    static const char *const lists[] = {"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE",
                                        "SLURM_NTASKS_PER_NODE"};
    unsigned node = 0;
    if (!read_variable("SLURM_LOCALID", &found->rank) || is_batch_script())
        return false;
    if (!read_variable("SLURM_NODEID", &node))
        node = 0;
    found->ranks = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && found->ranks == 0; i++) {
        const char *list = getenv(lists[i]);
        /* The last one is a number for every node alike. */
        found->ranks = list == NULL ? 0 : tasks_of_node(list, i == 2 ? 0 : node);
    }
    found->name = "Slurm";
    return true;
}

/* Flux says how many tasks and nodes there are, and spreads the tasks evenly. */
static bool look_at_flux(weir__launcher *found)
{
    unsigned size, nodes;
    if (!read_variable("FLUX_TASK_LOCAL_ID", &found->rank) ||
        !read_variable("FLUX_JOB_SIZE", &size) || !read_variable("FLUX_JOB_NNODES", &nodes) ||
        nodes == 0 || size % nodes != 0)
        return false;
    found->ranks = size / nodes;
    found->name = "Flux";
    return true;
}

weir__launcher weir__launcher_look(void)
{
    static const struct {
        const char *name, *rank, *ranks;
    } pairs[] = {
        {"Open MPI", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
        {"MPICH", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"}, /* and Intel MPI */
        {"MVAPICH2", "MV2_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_SIZE"},
        {"PALS", "PALS_LOCAL_RANKID", "PALS_LOCAL_SIZE"},
        {"PMI", "PMI_LOCAL_RANK", "PMI_LOCAL_SIZE"},
        {"JSM", "JSM_NAMESPACE_LOCAL_RANK", "JSM_NAMESPACE_LOCAL_SIZE"},
    };
    weir__launcher found = {0, 1, NULL};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (read_variable(pairs[i].rank, &found.rank) &&
            read_variable(pairs[i].ranks, &found.ranks) && found.rank < found.ranks) {
            found.name = pairs[i].name;
            WEIR_ASSERT(found.ranks > 0);
            return found;
        }
    if ((look_at_flux(&found) || look_at_slurm(&found)) && found.rank < found.ranks)
        return found;
    return (weir__launcher){0, 1, NULL};
}
