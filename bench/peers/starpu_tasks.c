/* StarPU: a thread that is no worker submits all tasks, with the tasks or the data each one needs.
 *
 * One contestant, for the problems that are graphs: a task cannot wait for its children.  It must
 * never use anything but CPU workers. */
#include <starpu.h>
#include <stdlib.h>

#include "contestant.h"
#include "shapes.h"

static void die(const char *what)
{
    fprintf(stderr, "starpu: %s failed\n", what);
    exit(1);
}

static struct starpu_task *make_task(struct starpu_codelet *codelet, void *argument)
{
    struct starpu_task *task = starpu_task_create();
    task->cl = codelet;
    task->cl_arg = argument;
    return task;
}

static void submit(struct starpu_task *task)
{
    if (starpu_task_submit(task) != 0)
        die("starpu_task_submit");
}

/* ---- tree: a task a leaf and a task a gather, which depends on those of its children ---- */

typedef struct node {
    uint64_t sum, steps;
    const struct node *child; /* the first of `children` */
    uint64_t children;
} node;

static void run_leaf(void *buffers[], void *argument)
{
    node *n = argument;
    (void)buffers;
    n->sum = leaf_work(n->steps);
}

static void run_gather(void *buffers[], void *argument)
{
    node *n = argument;
    (void)buffers;
    n->sum = 0;
    for (uint64_t i = 0; i < n->children; i++)
        n->sum += n->child[i].sum;
}

static struct starpu_codelet leaf = {.cpu_funcs = {run_leaf}, .name = "leaf"};
static struct starpu_codelet gather = {.cpu_funcs = {run_gather}, .name = "gather"};

/* The task of nodes[i]; all tasks below it are submitted, it is not. */
static struct starpu_task *make_branch(const problem *p, const tree_shape *t, node *nodes,
                                       uint64_t i)
{
    if (i >= t->inner) {
        nodes[i] = (node){.steps = p->steps};
        return make_task(&leaf, &nodes[i]);
    }
    const uint64_t first = tree_first_child(t, i), n = tree_children(t, i);
    struct starpu_task **children = malloc(n * sizeof *children), *task;
    if (children == NULL)
        die("malloc");
    nodes[i] = (node){.child = &nodes[first], .children = n};
    task = make_task(&gather, &nodes[i]);
    for (uint64_t k = 0; k < n; k++)
        children[k] = make_branch(p, t, nodes, first + k);
    starpu_task_declare_deps_array(task, (unsigned)n, children);
    for (uint64_t k = 0; k < n; k++)
        submit(children[k]);
    free(children);
    return task;
}

static uint64_t run_tree(const problem *p)
{
    const tree_shape t = tree_shape_of(p);
    node *nodes = malloc(t.nodes * sizeof *nodes);
    if (nodes == NULL)
        die("malloc");
    submit(make_branch(p, &t, nodes, 0));
    starpu_task_wait_for_all();
    const uint64_t sum = nodes[0].sum;
    free(nodes);
    return sum;
}

/* ---- blocked: a task a block of c, which reads rows of a and columns of b ---- */

static void run_block(void *buffers[], void *argument)
{
    const problem *p;
    uint32_t row, column;
    (void)buffers;
    starpu_codelet_unpack_args(argument, &p, &row, &column);
    matmul_block(p, row * MATMUL_BLOCK, column * MATMUL_BLOCK);
}

static struct starpu_codelet block_of_c = {.cpu_funcs = {run_block},
                                           .nbuffers = 3,
                                           .modes = {STARPU_R, STARPU_R, STARPU_RW},
                                           .name = "block of c"};

static starpu_data_handle_t register_matrix(const problem *p, double *values)
{
    const uint32_t n = (uint32_t)p->size;
    starpu_data_handle_t handle;
    starpu_matrix_data_register(&handle, STARPU_MAIN_RAM, (uintptr_t)values, n, n, n,
                                sizeof(double));
    return handle;
}

static void unregister_matrix(starpu_data_handle_t handle)
{
    starpu_data_unpartition(handle, STARPU_MAIN_RAM);
    starpu_data_unregister(handle);
}

static uint64_t run_blocked(const problem *p)
{
    const uint32_t side = blocked_side(p);
    struct starpu_data_filter columns = {.filter_func = starpu_matrix_filter_block,
                                         .nchildren = side};
    struct starpu_data_filter rows = {.filter_func = starpu_matrix_filter_vertical_block,
                                      .nchildren = side};
    starpu_data_handle_t a = register_matrix(p, p->a), b = register_matrix(p, p->b),
                         c = register_matrix(p, p->c);
    starpu_data_partition(a, &rows);
    starpu_data_partition(b, &columns);
    starpu_data_map_filters(c, 2, &columns, &rows);
    for (uint32_t row = 0; row < side; row++)
        for (uint32_t column = 0; column < side; column++)
            if (starpu_task_insert(&block_of_c, STARPU_R, starpu_data_get_sub_data(a, 1, row),
                                   STARPU_R, starpu_data_get_sub_data(b, 1, column), STARPU_RW,
                                   starpu_data_get_sub_data(c, 2, column, row), STARPU_VALUE, &p,
                                   sizeof p, STARPU_VALUE, &row, sizeof row, STARPU_VALUE, &column,
                                   sizeof column, 0) != 0)
                die("starpu_task_insert");
    starpu_task_wait_for_all();
    unregister_matrix(a);
    unregister_matrix(b);
    unregister_matrix(c);
    return 0;
}

/* ---- blocks: the submitting thread makes them; a task a part, and one that sums and frees ---- */

typedef struct part {
    const problem *p;
    const uint64_t *block;
    uint64_t sum;
    uint32_t number;
} part;

typedef struct block {
    uint64_t *values, sum;
    part parts[BLOCK_PARTS];
} block;

static void run_part(void *buffers[], void *argument)
{
    part *a = argument;
    (void)buffers;
    a->sum = block_part(a->p, a->block, a->number);
}

static void run_end(void *buffers[], void *argument)
{
    block *b = argument;
    (void)buffers;
    b->sum = 0;
    for (uint32_t i = 0; i < BLOCK_PARTS; i++)
        b->sum += b->parts[i].sum;
    block_destroy(b->values);
}

static struct starpu_codelet part_of_block = {.cpu_funcs = {run_part}, .name = "part"};
static struct starpu_codelet end_of_block = {.cpu_funcs = {run_end}, .name = "end"};

static void submit_block(const problem *p, block *b, uint64_t number)
{
    struct starpu_task *parts[BLOCK_PARTS], *end = make_task(&end_of_block, b);
    b->values = block_create(p, number);
    for (uint32_t i = 0; i < BLOCK_PARTS; i++) {
        b->parts[i] = (part){.p = p, .block = b->values, .number = i};
        parts[i] = make_task(&part_of_block, &b->parts[i]);
    }
    starpu_task_declare_deps_array(end, BLOCK_PARTS, parts);
    for (uint32_t i = 0; i < BLOCK_PARTS; i++)
        submit(parts[i]);
    submit(end);
}

static uint64_t run_blocks(const problem *p)
{
    uint64_t sum = 0;
    block *blocks = malloc(p->size * sizeof *blocks);
    if (blocks == NULL)
        die("malloc");
    for (uint64_t i = 0; i < p->size; i++)
        submit_block(p, &blocks[i], i);
    starpu_task_wait_for_all();
    for (uint64_t i = 0; i < p->size; i++)
        sum += blocks[i].sum;
    free(blocks);
    return sum;
}

/* ---- any graph: all its tasks are made, then told their predecessors, then submitted; anew for each
 *      run, since a task that is over is gone ---- */

static void run_dag_task(void *buffers[], void *argument)
{
    const dag_argument *a = argument;
    (void)buffers;
    dag_task(a->of, a->task);
}

static struct starpu_codelet dag_codelet = {.cpu_funcs = {run_dag_task}, .name = "task"};

static void declare_edges(const dag *d, struct starpu_task **tasks, struct starpu_task **before)
{
    for (uint32_t i = 0; i < d->tasks; i++) {
        unsigned n = 0;
        for (uint64_t e = d->first[i]; e < d->first[i + 1]; e++)
            before[n++] = tasks[d->before[e]];
        if (n > 0)
            starpu_task_declare_deps_array(tasks[i], n, before);
    }
}

static uint64_t run_dag(const problem *p)
{
    const dag *d = p->dag;
    struct starpu_task **tasks = malloc(2 * (size_t)d->tasks * sizeof *tasks);
    if (tasks == NULL)
        die("malloc");
    for (uint32_t i = 0; i < d->tasks; i++)
        tasks[i] = make_task(&dag_codelet, &d->argument[i]);
    declare_edges(d, tasks, tasks + d->tasks);
    for (uint32_t i = 0; i < d->tasks; i++)
        submit(tasks[i]);
    starpu_task_wait_for_all();
    free(tasks);
    return 0;
}

const contest contestant_contests[] = {{"tree", run_tree},
                                       {"blocked", run_blocked},
                                       {"blocks", run_blocks},
                                       DAG_CONTESTS(run_dag),
                                       {NULL, NULL}};

const char *contestant_about(void)
{
    static char text[128];
    int major, minor, release;
    starpu_get_version(&major, &minor, &release);
    snprintf(text, sizeof text, "StarPU %d.%d.%d, " __VERSION__, major, minor, release);
    return text;
}

bool contestant_open(const problem *p)
{
    struct starpu_conf conf;
    setenv("STARPU_SILENT", "1", 0);
    if (starpu_conf_init(&conf) != 0)
        die("starpu_conf_init");
    conf.precedence_over_environment_variables = 1;
    conf.ncpus = (int)p->workers;
    conf.ncuda = conf.nopencl = 0;
    conf.bus_calibrate = conf.calibrate = 0;
    if (starpu_init(&conf) != 0)
        die("starpu_init");
    if (starpu_cpu_worker_get_count() != p->workers)
        fprintf(stderr, "starpu runs %u workers here, not %u\n", starpu_cpu_worker_get_count(),
                p->workers);
    return starpu_cpu_worker_get_count() == p->workers;
}

void contestant_close(void)
{
    starpu_shutdown();
}
