/* The summary of a graph; see graph_report.h. */
#include "graph_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "text.h"
#include "tool.h"

/* The entries of the factor, its diagonal included. */
static uint64_t factor_entries(const graph_job *job)
{
    uint64_t entries = 0;
    for (uint32_t j = 0; j < job->tree.columns; j++)
        entries += job->tree.count[j];
    return entries;
}

/* How many workers could be busy with it, if nothing else cost time. */
static double parallelism(const dag_shape *shape)
{
    return shape->span > 0 ? shape->work / shape->span : 0;
}

/* All 0 without memory for it. */
static weir_graph_summary summary_of(const graph_job *job)
{
    weir_graph_summary summary = {0};
    (void)weir_graph_describe(job->graph, &summary);
    return summary;
}

static void print_file(const graph_job *job)
{
    static char clean[4 * 4096 + 1];
    const size_t length = strlen(job->path);
    const char *const s = job->matrix.rows == 1 ? "" : "s";
    text_escape(job->path, length < 4096 ? length : 4096, clean);
    printf("%s: %" PRIu32 " row%s and column%s, %" PRIu64 " entr%s, %s %s\n", clean,
           job->matrix.rows, s, s, job->file_entries, job->file_entries == 1 ? "y" : "ies",
           mtx_field_name(job->field), mtx_symmetry_name(job->symmetry));
    if (!job->eliminate)
        printf("solve with its lower triangle, a task for each row\n");
    else
        printf("Cholesky factorisation%s, %s, a task for each column: %" PRIu64
               " entr%s in the factor\n",
               job->symmetry == MTX_GENERAL ? " of the pattern of A + A'" : "",
               job->order != NULL ? "after nested dissection" : "in the order of the file",
               factor_entries(job), factor_entries(job) == 1 ? "y" : "ies");
}

/* All digits, and where they are many, about how much that is. */
static const char *format_size(uint64_t bytes, char text[48])
{
    char about[16];
    if (bytes < 1024)
        snprintf(text, 48, "%" PRIu64, bytes);
    else
        snprintf(text, 48, "%" PRIu64 " (%s)", bytes, tool_format_bytes(bytes, about));
    return text;
}

static void print_bytes(const graph_job *job)
{
    char least[48], enough[48];
    printf("%-8s %s are the least budget, %s always enough\n", "bytes",
           format_size(weir_graph_serial_bytes(job->graph), least),
           format_size(weir_graph_certified_bytes(job->graph), enough));
}

void graph_print(const graph_job *job)
{
    const dag_shape *s = &job->shape;
    const weir_graph_summary summary = summary_of(job);
    const uint64_t redundant = summary.redundant_edges;
    print_file(job);
    printf("%-8s %" PRIu32 ": %" PRIu32 " at the beginning, %" PRIu32 " at the end\n", "tasks",
           job->dag.tasks, s->roots, s->ends);
    printf("%-8s %" PRIu64 ", of which %" PRIu64 " (%.3g %%) follow from others and are left out\n",
           "edges", job->dag.edges, redundant,
           job->dag.edges > 0 ? 100 * (double)redundant / (double)job->dag.edges : 0);
    if (summary.unsearched_edges > 0)
        printf("%-8s %" PRIu64 " more were not looked at, since hardly any do\n", "",
               summary.unsearched_edges);
    printf("%-8s %" PRIu32 " level%s of %.3g tasks on average\n", "depth", s->depth,
           s->depth == 1 ? "" : "s", (double)job->dag.tasks / s->depth);
    printf("%-8s %" PRIu32 " task%s, in level %" PRIu32 "\n", "widest", s->widest,
           s->widest == 1 ? "" : "s", s->widest_level + 1);
    printf("%-8s %.6g flops, %.6g of them one after another: parallelism %.3g\n", "work", s->work,
           s->span, parallelism(s));
    if (job->eliminate)
        print_bytes(job);
}

void graph_print_advice(const graph_job *job)
{
    char bytes[48], workers[TOOL_WORKERS_TEXT];
    printf("%-8s %s keep %.0f %% of the speed of %s, as simulated\n", "",
           format_size(job->enough, bytes), 100 * GRAPH_SPEED,
           tool_format_workers(job->workers, job->workers, workers));
}

/* Three digits and a unit that fits. */
static const char *format_seconds(double seconds, char text[24])
{
    static const char *const units[] = {"s", "ms", "µs", "ns"};
    size_t unit = 0;
    while (seconds < 0.9995 && unit < 3) {
        seconds *= 1000;
        unit++;
    }
    snprintf(text, 24, seconds < 99.95 ? "%.3g %s" : "%.0f %s", seconds, units[unit]);
    return text;
}

/* What the last runs followed. */
static void print_plan(const graph_job *job)
{
    const weir_graph_summary s = summary_of(job);
    printf("\n%-8s ", "plan");
    if (s.lanes == 0)
        printf("none: each run decides as it goes");
    else if (s.lanes == 1)
        printf("one lane: more would gain nothing");
    else
        printf("%" PRIu64 " lanes of %" PRIu64 " clumps: %.3g times as fast as one, as predicted",
               s.lanes, s.clumps, s.predicted_gain);
}

void graph_print_times(const graph_job *job, const graph_times *t)
{
    char serial[24], one[24], all[24], workers[TOOL_WORKERS_TEXT];
    printf("%-8s %s in a loop, %s by 1 worker, %s by %s", "run", format_seconds(t->serial, serial),
           format_seconds(t->one, one), format_seconds(t->all, all),
           tool_format_workers(t->workers, t->asked, workers));
    if (t->all > 0)
        printf(": %.3g times as fast as the loop", t->serial / t->all);
    print_plan(job);
    printf("\n%-8s the same bits each time", "result");
    if (job->eliminate && t->error >= 0)
        printf("; with the factor, unknowns that are 1 come out with an error of %.2g", t->error);
    putchar('\n');
}

static void write_times(json *j, const graph_job *job, const graph_times *t)
{
    const weir_graph_summary s = summary_of(job);
    json_open_object(j, "run");
    json_double(j, "serial_seconds", t->serial);
    json_double(j, "one_worker_seconds", t->one);
    json_double(j, "seconds", t->all);
    json_unsigned(j, "workers", t->workers);
    json_unsigned(j, "workers_asked", t->asked);
    json_unsigned(j, "promotions", t->promotions);
    json_unsigned(j, "peak_bytes", t->peak_bytes);
    json_unsigned(j, "lanes", s.lanes);
    json_unsigned(j, "clumps", s.clumps);
    json_double(j, "predicted_gain", s.predicted_gain);
    if (job->eliminate)
        json_double(j, "error", t->error);
    json_close_object(j);
}

void graph_print_json(const graph_job *job, const graph_times *times)
{
    const dag_shape *s = &job->shape;
    const weir_graph_summary summary = summary_of(job);
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    json_string(&j, "file", job->path);
    json_string(&j, "field", mtx_field_name(job->field));
    json_string(&j, "symmetry", mtx_symmetry_name(job->symmetry));
    json_unsigned(&j, "rows", job->matrix.rows);
    json_unsigned(&j, "entries", job->file_entries);
    json_string(&j, "graph", job->eliminate ? "eliminate" : "solve");
    if (job->eliminate) {
        json_string(&j, "order", job->order != NULL ? "dissection" : "natural");
        json_unsigned(&j, "factor_entries", factor_entries(job));
    }
    json_unsigned(&j, "tasks", job->dag.tasks);
    json_unsigned(&j, "edges", job->dag.edges);
    json_unsigned(&j, "redundant_edges", summary.redundant_edges);
    json_unsigned(&j, "unsearched_edges", summary.unsearched_edges);
    json_unsigned(&j, "roots", s->roots);
    json_unsigned(&j, "ends", s->ends);
    json_unsigned(&j, "depth", s->depth);
    json_unsigned(&j, "widest", s->widest);
    json_unsigned(&j, "widest_level", s->widest_level + 1);
    json_double(&j, "work_flops", s->work);
    json_double(&j, "span_flops", s->span);
    json_double(&j, "parallelism", parallelism(s));
    json_unsigned(&j, "serial_bytes", weir_graph_serial_bytes(job->graph));
    json_unsigned(&j, "certified_bytes", weir_graph_certified_bytes(job->graph));
    json_unsigned(&j, "advised_bytes", job->enough);
    json_double(&j, "advised_speed", GRAPH_SPEED);
    json_unsigned(&j, "advised_workers", job->workers);
    if (times != NULL)
        write_times(&j, job, times);
    json_close_object(&j);
}
