/* Graphs: what an empty task costs in a tree and in a random graph, and what making a graph costs.
 *
 * main.c runs it. Graphs are made once and run again and again, by libraries that can; OpenMP's
 * tasks and StarPU's are made anew in each run. The sequential program calls the tasks in the order
 * of their numbers. */
#include <stdio.h>

#include "contest.h"
#include "contestants.h"
#include "suites.h"

enum { TREE_NODES = 88573, RANDOM_TASKS = 100000, MEAN_EDGES = 3 };

/* The random graph's edges: of the answer to building it, which is tasks and edges together. */
static double edges_of(const entry *e)
{
    return (double)(e->answer - e->task.size);
}

static void print_row(report *r, const contest *c, const entry *e)
{
    char text[24];
    const double ns = e->median * 1e9 / (double)e->task.size;
    printf("  %-15s %7u %11s %6.1f%% %12.1f %14.1f\n", e->who->name, e->workers,
           report_seconds(e->median, text), contest_spread(e), ns, ns * e->workers);
    report_finding(r, c->label, e->who->name, ns * e->workers, "ns x workers");
}

static bool run_empty(settings *s, report *r, const char *label, const task *t)
{
    contest c = contest_begin("graphs", label);
    suite_enter_all(&c, s, t);
    const bool right = contest_run(&c, s);
    printf("\n%s\n  %-15s %7s %11s %7s %12s %14s\n", label, "", "workers", "median", "spread",
           "ns a task", "x workers");
    for (const entry *e = c.entries; e < c.entries + c.count; e++)
        if (e->turns > 0)
            print_row(r, &c, e);
    report_contest_data(r, &c);
    return right;
}

/* ---- making a graph: without edges, and with them ---- */

static void enter_builders(contest *c, settings *s, const task *t, bool weir_alone)
{
    for (unsigned i = 0; i < s->contestants_count; i++)
        if (!weir_alone || contestants_is_weir(&s->contestants[i]))
            contest_enter(c, &s->contestants[i], s->workers, t);
}

static void print_build(report *r, const contest *bare, const contest *full)
{
    printf("\n%s: making it, and what it is compiled to where it is\n  %-15s %11s %7s %11s %7s "
           "%10s %10s\n",
           full->label, "", "no edges", "spread", "edges", "spread", "ns a task", "an edge");
    for (unsigned i = 0; i < full->count; i++) {
        const entry *b = &bare->entries[i], *f = &full->entries[i];
        char bare_text[24], full_text[24];
        if (b->turns == 0 || f->turns == 0)
            continue;
        const double task_ns = b->median * 1e9 / (double)b->task.size;
        const double edge_ns = (f->median - b->median) * 1e9 / edges_of(f);
        printf("  %-15s %11s %6.1f%% %11s %6.1f%% %10.1f %10.1f\n", f->who->name,
               report_seconds(b->median, bare_text), contest_spread(b),
               report_seconds(f->median, full_text), contest_spread(f), task_ns, edge_ns);
        report_finding(r, "building, a task", f->who->name, task_ns, "ns");
        report_finding(r, "building, an edge", f->who->name, edge_ns, "ns");
    }
}

static bool run_build(settings *s, report *r, uint64_t tasks, bool weir_alone)
{
    static contest contests[2];
    bool right = true;
    for (unsigned i = 0; i < 2; i++) {
        const task t = {.problem = "dag-build",
                        .size = tasks,
                        .depth = i * MEAN_EDGES,
                        .warm_size = s->quick ? 10 : tasks / 10,
                        .repeats = s->quick ? 1 : 9,
                        .most_ms = 2000};
        char label[64];
        snprintf(label, sizeof label, "%lu tasks, %s", (unsigned long)tasks,
                 i == 0 ? "no edges" : "a mean of 3 edges each");
        contests[i] = contest_begin("graphs", label);
        enter_builders(&contests[i], s, &t, weir_alone);
        right = contest_run(&contests[i], s) && right;
        report_contest_data(r, &contests[i]);
    }
    print_build(r, &contests[0], &contests[1]);
    return right;
}

bool suite_graphs(settings *s, report *r)
{
    const task tree = {.problem = "dag-tree",
                       .size = s->quick ? 1093 : TREE_NODES,
                       .repeats = s->quick ? 3 : 1001,
                       .most_ms = 500,
                       .expected = s->quick ? 1093 : TREE_NODES};
    const task random = {.problem = "dag-random",
                         .size = s->quick ? 1000 : RANDOM_TASKS,
                         .depth = MEAN_EDGES,
                         .repeats = s->quick ? 3 : 1001,
                         .most_ms = 500,
                         .expected = s->quick ? 1000 : RANDOM_TASKS};
    report_heading("graphs: empty tasks, and making a graph");
    bool right = run_empty(s, r, "empty tasks of a tree, each before its three children", &tree);
    right =
        run_empty(s, r, "empty tasks of a random graph, a mean of 3 edges each", &random) && right;
    right = run_build(s, r, s->quick ? 1000 : 100000, false) && right;
    return run_build(s, r, s->quick ? 2000 : 1000000, true) && right;
}
