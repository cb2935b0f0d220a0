/* Raw OpenMP tasks with depend clauses: one thread makes all tasks in order, the runtime finds out
 * what may run.
 *
 * A branch's gather writes what its children read; a graph's task has a place of its own. The compiler
 * that builds it decides the runtime. */
#include <omp.h>
#include <stdlib.h>

#include "contestant.h"

static unsigned workers;

/* The gathers of the tree, children before parents, in an array that all tasks share. */
typedef struct node {
    uint64_t sum;
} node;

/* Makes the tasks below `parent`; the nodes of its children come from *next on. */
static void make_tasks(node *parent, uint64_t fanout, uint64_t depth, uint64_t steps, node **next)
{
    for (uint64_t i = 0; i < fanout; i++) {
        if (depth == 0) {
#pragma omp task depend(in : *parent) firstprivate(parent, steps)
            {
                const uint64_t leaf = leaf_work(steps);
#pragma omp atomic
                parent->sum += leaf;
            }
            continue;
        }
        node *child = (*next)++;
        child->sum = 0;
        make_tasks(child, TREE_FANOUT, depth - 1, steps, next);
#pragma omp task depend(inout : *child) depend(in : *parent) firstprivate(child, parent)
        {
#pragma omp atomic
            parent->sum += child->sum;
        }
    }
}

static uint64_t run_tree(const problem *p)
{
    uint64_t inner = 1, level = p->size;
    for (uint64_t i = 0; i < p->depth; i++, level *= TREE_FANOUT)
        inner += level;
    node *nodes = malloc(inner * sizeof *nodes);
    if (nodes == NULL)
        abort();
    nodes[0].sum = 0;
    node *next = nodes + 1;
#pragma omp parallel num_threads(workers)
#pragma omp single
    make_tasks(nodes, p->size, p->depth, p->steps, &next);
    const uint64_t sum = nodes[0].sum;
    free(nodes);
    return sum;
}

/* Each block of c is what its tasks write: one task a block here. */
static uint64_t run_blocked(const problem *p)
{
    const uint32_t n = (uint32_t)p->size;
#pragma omp parallel num_threads(workers)
#pragma omp single
    for (uint32_t row = 0; row < n; row += MATMUL_BLOCK)
        for (uint32_t column = 0; column < n; column += MATMUL_BLOCK) {
            double *c = &p->c[(uint64_t)row * n + column];
#pragma omp task depend(inout : *c) firstprivate(row, column, p)
            matmul_block(p, row, column);
        }
    return 0;
}

/* Any graph: a task writes its own place, and reads those of its predecessors. Addresses are all that
 * counts here. The tasks are made anew for each run. */
static void make_dag(dag *d)
{
    const uint32_t *place = d->stamp, *before = d->before;
    (void)place; /* gcc takes a place in a depend clause for no use of it */
    for (uint32_t i = 0; i < d->tasks; i++) {
        const uint64_t from = d->first[i], to = d->first[i + 1];
        if (from == to) {
#pragma omp task depend(out : place[i]) firstprivate(d, i)
            dag_task(d, i);
        } else {
#pragma omp task depend(out : place[i])                                                            \
    depend(iterator(uint64_t e = from : to), in : place[before[e]]) firstprivate(d, i)
            dag_task(d, i);
        }
    }
}

/* A task makes them, since both runtimes have trouble with dependences of tasks that an implicit task
 * has made (engine/openmp.md). */
static uint64_t run_dag(const problem *p)
{
    dag *d = p->dag;
#pragma omp parallel num_threads(workers)
#pragma omp single
#pragma omp task firstprivate(d)
    make_dag(d);
    return 0;
}

const contest contestant_contests[] = {
    {"tree", run_tree}, {"blocked", run_blocked}, DAG_CONTESTS(run_dag), {NULL, NULL}};

const char *contestant_about(void)
{
    return "OpenMP task depend, " WEIR_BENCH_OPENMP ", " __VERSION__;
}

bool contestant_open(const problem *p)
{
    workers = p->workers;
    return true;
}

void contestant_close(void)
{
}
