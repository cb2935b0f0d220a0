/* Task Bench's own OpenMP program (Slaughter and others, SC 2020): its graphs, its tasks with their depend
 * clauses, and its check of what each task reads. Only its kernels are not linked: its busy wait is the
 * suite's leaf here, so that one reference does for all.
 *
 * One contestant, built from Task Bench's source by path.  It must have the same edges as the problem's
 * graph, which is looked at before the first run; its main loop stands here without what it prints. */
#include <omp.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "contestant.h"

#define main        task_bench_main
#define printf(...) static_cast<void>(0)
#include <openmp/main.cc>
#undef printf
#undef main

#include <core_kernel.h>

/* ---- the kernels ---- */

void execute_kernel_empty(const Kernel &)
{
}

long long execute_kernel_busy_wait(const Kernel &kernel)
{
    dag_count(leaf_work(static_cast<uint64_t>(kernel.iterations)));
    return 0;
}

void execute_kernel_memory(const Kernel &, char *, size_t, long)
{
    abort();
}

void execute_kernel_dgemm(const Kernel &, char *, size_t)
{
    abort();
}

void execute_kernel_daxpy(const Kernel &, char *, size_t, long)
{
    abort();
}

double execute_kernel_compute(const Kernel &)
{
    abort();
}

double execute_kernel_compute2(const Kernel &)
{
    abort();
}

void execute_kernel_io(const Kernel &)
{
    abort();
}

long select_imbalance_iterations(const Kernel &, long, long, long)
{
    abort();
}

double execute_kernel_imbalance(const Kernel &, long, long, long)
{
    abort();
}

/* ---- the program ---- */

static std::unique_ptr<OpenMPApp> app;

static bool has_period(const std::string &type)
{
    return type == "spread" || type == "random_nearest";
}

static std::unique_ptr<OpenMPApp> make_app(const problem *p)
{
    const std::string type = p->name + sizeof "tb-" - 1;
    std::vector<std::string> words = {"task-bench",
                                      "-type",
                                      type,
                                      "-width",
                                      std::to_string(p->size),
                                      "-steps",
                                      std::to_string(p->depth),
                                      "-radix",
                                      std::to_string(DAG_RADIX),
                                      "-kernel",
                                      "busy_wait",
                                      "-iter",
                                      std::to_string(p->steps),
                                      "-worker",
                                      std::to_string(p->workers)};
    if (has_period(type)) {
        const uint64_t distance = (p->size + DAG_RADIX - 1) / DAG_RADIX;
        const bool is_short = type == "spread" && distance < DAG_PERIOD;
        words.push_back("-period");
        words.push_back(std::to_string(is_short ? distance : uint64_t{DAG_PERIOD}));
    }
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    return std::make_unique<OpenMPApp>(static_cast<int>(argv.size()), argv.data());
}

/* The tasks that must come before point `at` of a step, as the dag numbers them, with those of the step
 * before from `first` on. */
static std::vector<uint32_t> find_edges(const TaskGraph &g, long step, long at, uint32_t first)
{
    std::vector<uint32_t> before;
    const long width = g.width_at_timestep(step - 1);
    for (const auto &range : g.dependencies(g.dependence_set_at_timestep(step), at))
        for (long other = range.first; other <= range.second && other < width; other++)
            before.push_back(first + static_cast<uint32_t>(other));
    std::sort(before.begin(), before.end());
    return before;
}

static bool is_same(const dag *d, const TaskGraph &g)
{
    uint32_t task = 0, first = 0;
    for (long step = 0; step < g.timesteps; step++) {
        const uint32_t next_first = task;
        for (long at = 0; at < g.width_at_timestep(step); at++, task++) {
            if (task == d->tasks)
                return false;
            const std::vector<uint32_t> before = find_edges(g, step, at, first);
            if (!std::equal(before.begin(), before.end(), d->before + d->first[task],
                            d->before + d->first[task + 1]))
                return false;
        }
        first = next_first;
    }
    return task == d->tasks;
}

void contestant_prepare(const problem *p)
{
    if (app)
        return;
    app = make_app(p);
    if (!is_same(p->dag, app->graphs[0])) {
        fprintf(stderr, "task-bench: its %s has other edges than the suite's\n", p->name);
        exit(1);
    }
}

void contestant_finish(const problem *)
{
    app.reset();
}

static uint64_t run_dag(const problem *p)
{
#pragma omp parallel
    {
#pragma omp master
        for (long step = 0; step < static_cast<long>(p->depth); step++)
            app->execute_timestep(0, step);
#pragma omp barrier
    }
    return 0;
}

const contest contestant_contests[] = {DAG_PATTERNS(run_dag), {NULL, NULL}};

const char *contestant_about(void)
{
    return "Task Bench's OpenMP program with the suite's leaf, " __VERSION__;
}

bool contestant_open(const problem *)
{
    return true;
}

void contestant_close(void)
{
}
