/* GrowLocal, the scheduler for sparse triangular solves of OneStopParallel (Böhnlein and others, 2025;
 * github.com/Algebraic-Programming/OneStopParallel): it gives each row a superstep and a thread, the rows
 * are put in that order, and the threads wait for each other after each superstep.
 *
 * One contestant, on its headers by path.  What is timed is the solve alone, as its authors do: the
 * schedule, the permuted triangle and right-hand side are made before, and the solution is put back into
 * the order of its rows afterwards. */
#include <omp.h>

#include <osp/auxiliary/sptrsv_simulator/ScheduleNodePermuter.hpp>
#include <osp/bsp/scheduler/GreedySchedulers/GrowLocalAutoCores.hpp>
#include <osp/graph_implementations/adj_list_impl/compact_sparse_graph.hpp>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "contestant.h"
#include "triangular.h"

using graph = osp::CompactSparseGraph<true, true>;

/* What a superstep costs beside its rows, in entries of the matrix: as its authors have it. */
constexpr unsigned cost_of_superstep = 500;

static unsigned workers;

/* The triangle in the order of the schedule. Thread t solves rows begin[s * workers + t] up to the next
 * one's in superstep s. */
struct plan {
    uint32_t supersteps = 0;
    std::vector<uint32_t> begin;
    std::vector<uint32_t> row; /* as the problem numbers it */
    std::vector<uint64_t> first;
    std::vector<uint32_t> column;
    std::vector<double> value, diagonal, b, x;
};

static std::optional<plan> made;

/* ---- making it ---- */

static graph make_graph(const triangle &l)
{
    std::vector<std::pair<size_t, size_t>> edges;
    std::vector<unsigned> entries(l.rows);
    edges.reserve(l.first[l.rows]);
    for (uint32_t i = 0; i < l.rows; i++) {
        entries[i] = static_cast<unsigned>(l.first[i + 1] - l.first[i] + 1);
        for (uint64_t e = l.first[i]; e < l.first[i + 1]; e++)
            edges.emplace_back(l.column[e], i);
    }
    return graph(l.rows, edges, entries);
}

static void append_row(plan &p, const triangle &l, uint32_t i, const std::vector<size_t> &place)
{
    std::vector<std::pair<uint32_t, double>> entries;
    for (uint64_t e = l.first[i]; e < l.first[i + 1]; e++)
        entries.emplace_back(static_cast<uint32_t>(place[l.column[e]]), l.value[e]);
    std::sort(entries.begin(), entries.end());
    for (const auto &[column, value] : entries) {
        p.column.push_back(column);
        p.value.push_back(value);
    }
    p.first.push_back(p.column.size());
    p.diagonal.push_back(l.diagonal[i]);
    p.b.push_back(l.b[i]);
}

static void schedule_rows(plan &p, const triangle &l)
{
    const osp::BspArchitecture<graph> machine(workers, 1, cost_of_superstep);
    const osp::BspInstance<graph> instance(make_graph(l), machine);
    osp::BspSchedule<graph> schedule(instance);
    if (osp::GrowLocalAutoCores<graph>().ComputeSchedule(schedule) !=
        osp::ReturnStatus::OSP_SUCCESS)
        abort();
    const std::vector<size_t> place = osp::ScheduleNodePermuterBasic(schedule);
    p.supersteps = schedule.NumberOfSupersteps();
    p.row.resize(l.rows);
    p.begin.assign(size_t{p.supersteps} * workers + 1, 0);
    for (uint32_t i = 0; i < l.rows; i++) {
        p.row[place[i]] = i;
        p.begin[size_t{schedule.AssignedSuperstep(i)} * workers + schedule.AssignedProcessor(i) +
                1]++;
    }
    for (size_t k = 1; k < p.begin.size(); k++)
        p.begin[k] += p.begin[k - 1];
    p.first.push_back(0);
    for (const uint32_t i : p.row)
        append_row(p, l, i, place);
    p.x.resize(l.rows);
}

void contestant_prepare(const problem *p)
{
    if (!made)
        schedule_rows(made.emplace(), triangular_of(p));
}

void contestant_finish(const problem *)
{
    made.reset();
}

/* ---- running it ---- */

static void solve_rows(plan &p, uint32_t from, uint32_t to)
{
    const uint64_t *const first = p.first.data();
    const uint32_t *const column = p.column.data();
    const double *const value = p.value.data();
    double *const x = p.x.data();
    for (uint32_t i = from; i < to; i++) {
        double rest = p.b[i];
        for (uint64_t e = first[i]; e < first[i + 1]; e++)
            rest -= value[e] * x[column[e]];
        x[i] = rest / p.diagonal[i];
    }
}

static uint64_t run_solve(const problem *)
{
    plan &p = *made;
#pragma omp parallel num_threads(workers)
    {
        const size_t me = static_cast<size_t>(omp_get_thread_num());
        for (size_t step = 0; step < p.supersteps; step++) {
            solve_rows(p, p.begin[step * workers + me], p.begin[step * workers + me + 1]);
#pragma omp barrier
        }
    }
    return 0;
}

void contestant_conclude(const problem *p)
{
    const triangle l = triangular_of(p);
    for (uint32_t i = 0; i < l.rows; i++)
        l.x[made->row[i]] = made->x[i];
}

const contest contestant_contests[] = {
    {"solve", run_solve}, {"solve-factor", run_solve}, {NULL, NULL}};

const char *contestant_about(void)
{
    return "GrowLocal of OneStopParallel, " WEIR_BENCH_OPENMP ", " __VERSION__;
}

bool contestant_open(const problem *p)
{
    workers = p->workers;
    return true;
}

void contestant_close(void)
{
}
