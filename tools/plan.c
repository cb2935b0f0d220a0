/* `weir plan`: what a pipeline of the tool compiles to, its memory and its certificate, as text,
 * JSON or a DOT graph.
 *
 * main.c calls it.  It must never run the pipeline. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "layers_pipeline.h"
#include "stats_run.h"
#include "tool.h"

static const char help[] =
    "usage: weir plan stats FILE [options]\n"
    "       weir plan layers [options]\n"
    "\n"
    "Shows what a pipeline compiles to, without running it: for each layer its most branches and\n"
    "gathers, the bytes of an open branch (frame), of a branch run depth first with all below it\n"
    "(branch), and of a part handed to another worker; then the bytes that one worker needs, and\n"
    "the certificate: what no schedule under the given limits exceeds.\n"
    "\n"
    "options:\n"
    "  --dtype T, --shape N,M,…, --offset N\n"
    "                     the layout of a raw FILE, as for weir stats\n"
    "  --member NAME      the array of a .npz FILE of several\n"
    "  --depth N, --fanout N\n"
    "                     of weir layers (default 3 and 3)\n"
    "  --dot              print the task graph in DOT: whole up to 64 branches, else abridged\n"
    "  --json             print one JSON object\n"
    "  --help             this text\n"
    "\n";

typedef struct arguments {
    const char *pipeline, *file;
    stats_raw raw;
    uint64_t depth, fanout;
    bool dot, json, help;
    weir_engine_options engine;
} arguments;

/* Plans to show: one, or those of the passes of weir stats, of which the second may not be taken.
 * What an op declares to hold is part of its plan; for weir stats, of the frame of its file. */
typedef struct subject {
    weir_plan *plan, *further;
    uint64_t held_bytes, further_held_bytes;
    const char *held_name;
} subject;

/* ---- the command line ---- */

static int read_number(const char *name, const char *text, uint64_t most, uint64_t *value)
{
    if (tool_parse_number(text, 1, most, value))
        return 1;
    tool_error("%s is '%s'; it must be a number from 1 to %" PRIu64, name, text, most);
    return -1;
}

/* Reads one argument at argv[*at]; 1: read, 0: unknown, -1: wrong, and said so. */
static int read_argument(int argc, char **argv, int *at, void *into)
{
    arguments *a = into;
    const char *text;
    int found = tool_engine_option(argc, argv, at, &a->engine);
    if (found != 0)
        return found;
    if (strcmp(argv[*at], "--dot") == 0)
        return a->dot = true;
    if (strcmp(argv[*at], "--json") == 0)
        return a->json = true;
    if (strcmp(argv[*at], "--help") == 0)
        return a->help = true;
    if ((found = tool_option(argc, argv, at, "--dtype", &a->raw.dtype)) != 0 ||
        (found = tool_option(argc, argv, at, "--shape", &a->raw.shape)) != 0 ||
        (found = tool_option(argc, argv, at, "--member", &a->raw.member)) != 0)
        return found;
    if ((found = tool_option(argc, argv, at, "--offset", &text)) != 0) {
        if (found < 0 || tool_parse_number(text, 0, INT64_MAX, &a->raw.offset))
            return found;
        tool_error("--offset is '%s'; it must be a number of bytes", text);
        return -1;
    }
    if ((found = tool_option(argc, argv, at, "--depth", &text)) != 0)
        return found < 0 ? -1 : read_number("--depth", text, LAYERS_MOST_DEPTH, &a->depth);
    if ((found = tool_option(argc, argv, at, "--fanout", &text)) != 0)
        return found < 0 ? -1 : read_number("--fanout", text, LAYERS_MOST_FANOUT, &a->fanout);
    if ((argv[*at][0] == '-' && argv[*at][1]) || (a->pipeline != NULL && a->file != NULL))
        return 0;
    if (a->pipeline == NULL)
        a->pipeline = argv[*at];
    else
        a->file = argv[*at];
    return 1;
}

static int check_arguments(const arguments *a)
{
    if (a->pipeline == NULL ||
        (strcmp(a->pipeline, "stats") != 0 && strcmp(a->pipeline, "layers") != 0)) {
        tool_error("plan: %s%s%s; it must be stats or layers (see weir plan --help)",
                   a->pipeline == NULL ? "the pipeline is missing" : "there is no pipeline '",
                   a->pipeline == NULL ? "" : a->pipeline, a->pipeline == NULL ? "" : "'");
        return TOOL_USAGE;
    }
    if (strcmp(a->pipeline, "stats") == 0 && a->file == NULL) {
        tool_error("plan stats: the FILE is missing");
        return TOOL_USAGE;
    }
    if (strcmp(a->pipeline, "layers") == 0 && a->file != NULL) {
        tool_error("plan layers takes no FILE, but got '%s'", a->file);
        return TOOL_USAGE;
    }
    return TOOL_OK;
}

/* ---- plans ---- */

static int plan_stats(const arguments *a, weir_engine **engine, subject *s)
{
    static const stats_wish usual = {.quantile_count = 7};
    stats_input input;
    stats_job job;
    stats_plans plans;
    int code = stats_input_open(a->file, &a->raw, &input);
    if (code != TOOL_OK)
        return code;
    if (input.array.values == 0) {
        tool_error("%s: the array has no values, so there is nothing to plan", a->file);
        stats_input_close(&input);
        return TOOL_FAILED;
    }
    stats_job_init(&job, &input);
    stats_input_close(&input);
    const weir_engine_options options = stats_engine_options(&job, &a->engine);
    *engine = tool_engine_open(&options, &code);
    if (*engine != NULL)
        code = stats_plans_compile(&job, &usual, *engine, &plans);
    if (code != TOOL_OK)
        return code;
    *s = (subject){plans.first, plans.further, plans.first_bytes, plans.further_bytes,
                   plans.keeps_keys ? "all values" : "counts"};
    return TOOL_OK;
}

static int plan_layers(const arguments *a, weir_engine **engine, subject *s)
{
    static layers_demo demo;
    int code = TOOL_OK;
    *engine = tool_engine_open(&a->engine, &code);
    if (*engine == NULL)
        return code;
    demo.depth = (uint32_t)a->depth;
    demo.fanout = (uint32_t)a->fanout;
    demo.seconds[0] = -1;
    layers_demo_init(&demo);
    return weir_plan_compile(&demo.layer[0], &s->plan) == WEIR_OK ? TOOL_OK
                                                                  : tool_weir_error("plan");
}

/* ---- output ---- */

static uint64_t certificate(const weir_plan *plan, const weir_engine *engine)
{
    const unsigned workers = weir_engine_workers(engine);
    const size_t parts = workers > 1 ? weir_engine_max_in_flight(engine) : 0;
    const uint64_t bytes = weir_plan_certified_bytes(plan, parts, workers);
    const uint64_t most = weir_engine_max_bytes(engine);
    return bytes < most ? bytes : most;
}

static void print_count(uint64_t n)
{
    if (n == UINT64_MAX)
        printf(" %12s", "more");
    else
        printf(" %12" PRIu64, n);
}

static void print_plan(const weir_plan *plan, uint64_t held_bytes, const subject *s,
                       const weir_engine *engine)
{
    char text[16];
    const uint64_t serial = weir_plan_serial_bytes(plan);
    printf("%-12s %12s %12s %12s %12s %12s %12s\n", "layer", "branches", "gathers", "frame B",
           "branch B", "part B", "scratch B");
    for (uint32_t i = 0; i < weir_plan_layers(plan); i++) {
        weir_plan_layer layer;
        weir_plan_describe(plan, i, &layer);
        printf("%-12s", layer.name);
        print_count(layer.max_branches);
        print_count(layer.fanout > 0 ? layer.max_branches : 0);
        print_count(layer.frame_bytes);
        print_count(layer.branch_bytes);
        print_count(layer.part_bytes);
        print_count(layer.scratch_bytes);
        putchar('\n');
    }
    if (held_bytes > 0)
        printf("of the topmost frame, %s: %s\n", s->held_name, tool_format_bytes(held_bytes, text));
    printf("one worker needs %" PRIu64 " bytes (%s)\n", serial, tool_format_bytes(serial, text));
    const uint64_t two = weir_plan_certified_bytes(plan, 1, 2);
    printf("two can be busy from %" PRIu64 " bytes (%s)\n", two, tool_format_bytes(two, text));
    const uint64_t bytes = certificate(plan, engine);
    const unsigned workers = weir_engine_workers(engine);
    printf("certificate: never more than %" PRIu64 " bytes (%s) with %u worker%s", bytes,
           tool_format_bytes(bytes, text), workers, workers == 1 ? "" : "s");
    if (workers > 1)
        printf(" and %zu parts in flight", weir_engine_max_in_flight(engine));
    if (weir_engine_max_bytes(engine) != SIZE_MAX)
        printf(" under %s", tool_format_bytes(weir_engine_max_bytes(engine), text));
    putchar('\n');
}

static void print_text(const subject *s, const weir_engine *engine)
{
    if (s->further)
        puts("The first pass:");
    print_plan(s->plan, s->held_bytes, s, engine);
    if (s->further) {
        puts("\nEach further pass, if the first leaves something open:");
        print_plan(s->further, s->further_held_bytes, s, engine);
    }
}

static void write_layers(json *j, const weir_plan *plan)
{
    json_open_list(j, "layers");
    for (uint32_t i = 0; i < weir_plan_layers(plan); i++) {
        weir_plan_layer layer;
        weir_plan_describe(plan, i, &layer);
        json_open_object(j, NULL);
        json_string(j, "name", layer.name);
        json_unsigned(j, "fanout", layer.fanout);
        json_unsigned(j, "branches", layer.max_branches);
        json_unsigned(j, "gathers", layer.fanout > 0 ? layer.max_branches : 0);
        json_unsigned(j, "frame_bytes", layer.frame_bytes);
        json_unsigned(j, "branch_bytes", layer.branch_bytes);
        json_unsigned(j, "part_bytes", layer.part_bytes);
        json_unsigned(j, "scratch_bytes", layer.scratch_bytes);
        json_close_object(j);
    }
    json_close_list(j);
}

static void write_plan(json *j, const weir_plan *plan, uint64_t held_bytes,
                       const weir_engine *engine)
{
    write_layers(j, plan);
    json_unsigned(j, "held_bytes", held_bytes);
    json_unsigned(j, "serial_bytes", weir_plan_serial_bytes(plan));
    json_unsigned(j, "two_workers_bytes", weir_plan_certified_bytes(plan, 1, 2));
    json_unsigned(j, "certified_bytes", certificate(plan, engine));
}

static void print_json(const subject *s, const weir_engine *engine)
{
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    write_plan(&j, s->plan, s->held_bytes, engine);
    if (s->further) {
        json_open_object(&j, "further_pass");
        write_plan(&j, s->further, s->further_held_bytes, engine);
        json_close_object(&j);
    }
    json_unsigned(&j, "workers", weir_engine_workers(engine));
    json_unsigned(&j, "max_in_flight", weir_engine_max_in_flight(engine));
    json_unsigned(&j, "max_bytes",
                  weir_engine_max_bytes(engine) == SIZE_MAX ? 0 : weir_engine_max_bytes(engine));
    json_close_object(&j);
}

/* ---- the graph ---- */

typedef struct dot {
    const weir_plan *plan;
    bool whole;
    unsigned nodes; /* named n0, n1, … */
} dot;

/* Draws the branch `label` of layer i with all (or the first two and the last) of its children;
 * returns its node. An inner branch is drawn as its gather: that is the task with dependences. */
static unsigned draw_branch(dot *d, uint32_t i, const char *label)
{
    enum { SHOWN_FIRST = 2 };
    weir_plan_layer layer;
    const unsigned node = d->nodes++;
    weir_plan_describe(d->plan, i, &layer);
    printf("  n%u [label=\"%s\", shape=%s];\n", node, label,
           layer.fanout > 0 ? "trapezium" : "box");
    for (uint32_t c = 0; c < layer.fanout; c++) {
        if (!d->whole && c == SHOWN_FIRST && layer.fanout > SHOWN_FIRST + 2) {
            const unsigned more = d->nodes++;
            printf("  n%u [label=\"… %u more\", shape=plaintext];\n  n%u -> n%u [style=dotted];\n",
                   more, layer.fanout - SHOWN_FIRST - 1, more, node);
            c = layer.fanout - 1;
        }
        weir_plan_layer below;
        char name[64];
        weir_plan_describe(d->plan, i + 1, &below);
        snprintf(name, sizeof name, "%.40s[%u]", below.name, c);
        /* Abridged, only the first child of each branch shows what is below it. */
        if (d->whole || c == 0 || below.fanout == 0) {
            printf("  n%u -> n%u;\n", draw_branch(d, i + 1, name), node);
        } else {
            const unsigned folded = d->nodes++;
            printf("  n%u [label=\"%s …\", shape=trapezium, style=dashed];\n  n%u -> n%u;\n",
                   folded, name, folded, node);
        }
    }
    return node;
}

static void print_dot(const weir_plan *plan)
{
    enum { MOST_WHOLE = 64 };
    uint64_t branches = 0;
    for (uint32_t i = 0; i < weir_plan_layers(plan) && branches <= MOST_WHOLE; i++) {
        weir_plan_layer layer;
        weir_plan_describe(plan, i, &layer);
        branches = layer.max_branches > MOST_WHOLE ? UINT64_MAX : branches + layer.max_branches;
    }
    dot d = {.plan = plan, .whole = branches <= MOST_WHOLE};
    weir_plan_layer top;
    weir_plan_describe(plan, 0, &top);
    printf("digraph weir {\n  rankdir=BT;\n  node [fontname=\"sans-serif\"];\n");
    draw_branch(&d, 0, top.name);
    printf("}\n");
}

int weir_tool_plan(int argc, char **argv)
{
    arguments a = {.depth = 3, .fanout = 3};
    if (tool_scan(argc, argv, read_argument, &a) != TOOL_OK)
        return TOOL_USAGE;
    if (a.help) {
        fputs(help, stdout);
        fputs(tool_engine_help, stdout);
        return TOOL_OK;
    }
    int code = check_arguments(&a);
    if (code != TOOL_OK)
        return code;
    weir_engine *engine = NULL;
    subject s = {0};
    code = strcmp(a.pipeline, "stats") == 0 ? plan_stats(&a, &engine, &s)
                                            : plan_layers(&a, &engine, &s);
    if (code == TOOL_OK && a.dot)
        print_dot(s.plan);
    else if (code == TOOL_OK && a.json)
        print_json(&s, engine);
    else if (code == TOOL_OK)
        print_text(&s, engine);
    weir_plan_free(s.plan);
    weir_plan_free(s.further);
    tool_engine_close(engine);
    return code;
}
