/* `weir topo`: a machine, this one or another, and which worker an engine puts where.
 *
 * main.c calls it; topo_text.c, topo_svg.c and topo_json.c show it.  It must never bind a thread, and
 * shows the plan of the library, not one of its own. */
#include "topo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "tool.h"

typedef struct topo_options {
    const char *synthetic, *svg;
    weir_engine_options engine; /* workers and bind of it */
    bool json, all, help;
} topo_options;

static void print_help(void)
{
    fputs(
        "usage: weir topo [OPTION]...\n"
        "\n"
        "Shows packages, cores and hardware threads that this process may use, and which worker\n"
        "an engine puts on which of them, and why. No thread is bound. Packages, NUMA nodes and\n"
        "hardware threads have the operating system's numbers. Of the hardware threads, some may\n"
        "be present but not allowed (by the cgroup), or allowed but not in the affinity mask.\n"
        "\n"
        "  --synthetic DESC  another machine instead of this one, in hwloc's synthetic form,\n"
        "                    like \"pack:2 core:64 pu:2\"\n"
        "  --workers N       how many workers (default: WEIR_WORKERS, else OMP_NUM_THREADS, else "
        "one\n"
        "                    a core of the share, not more than the CPU quota)\n"
        "  --bind HOW        (default: WEIR_BIND, else auto)\n"
        "                    auto: core if the team fills its share of the machine, else none\n"
        "                    core: one a core, neighbours first\n"
        "                    spread: as far apart as the machine allows\n"
        "                    pu: one a hardware thread\n"
        "                    none: leave it to the operating system\n"
        "  --share I/N       the I-th, from 0, of N equal parts of the cores (default: "
        "WEIR_SHARE,\n"
        "                    else what mpirun or srun says)\n"
        "  --all             every worker in the table, also if they are many\n"
        "  --svg FILE        draw the machine into FILE, too; '-' is standard output, then in\n"
        "                    place of the text\n"
        "  --json            one JSON object instead of the text\n"
        "  --help            this text\n"
        "\n"
        "Exit status: 0 success, 1 a file or the machine failed, 2 the command line is wrong.\n",
        stdout);
}

/* One argument of the scan; 1 taken, 0 not known, -1 wrong (said). */
static int take_option(int argc, char **argv, int *at, void *into)
{
    topo_options *options = into;
    static const struct {
        const char *name;
        size_t offset;
    } flags[] = {{"--json", offsetof(topo_options, json)},
                 {"--all", offsetof(topo_options, all)},
                 {"--help", offsetof(topo_options, help)}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(argv[*at], flags[i].name) == 0) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return 1;
        }
    int taken = tool_option(argc, argv, at, "--synthetic", &options->synthetic);
    if (taken == 0)
        taken = tool_option(argc, argv, at, "--svg", &options->svg);
    const bool of_engine = strncmp(argv[*at], "--workers", strlen("--workers")) == 0 ||
                           strncmp(argv[*at], "--bind", strlen("--bind")) == 0 ||
                           strncmp(argv[*at], "--share", strlen("--share")) == 0;
    return taken == 0 && of_engine ? tool_engine_option(argc, argv, at, &options->engine) : taken;
}

/* Counts what the machine has, and cuts it into groups. */
static bool count_machine(topo_view *view)
{
    view->groups = calloc(view->count, sizeof *view->groups);
    if (view->groups == NULL)
        return false;
    const weir_pu *last = &view->pus[view->count - 1];
    view->packages = last->package + 1;
    view->l3s = last->l3 + 1;
    view->cores = last->core + 1;
    for (unsigned i = 0; i < view->count; i++) {
        const weir_pu *pu = &view->pus[i], *before = i > 0 ? pu - 1 : NULL;
        view->numas = pu->numa >= view->numas ? pu->numa + 1 : view->numas;
        view->kinds = pu->kind >= view->kinds ? pu->kind + 1 : view->kinds;
        view->widest = pu->smt >= view->widest ? pu->smt + 1 : view->widest;
        if (before == NULL || before->package != pu->package || before->numa != pu->numa ||
            before->l3 != pu->l3 || before->kind != pu->kind)
            view->groups[view->group_count++].first = i;
        topo_group *group = &view->groups[view->group_count - 1];
        group->count++;
        group->cores += pu->smt == 0;
    }
    return true;
}

/* Asks the library for the places, and turns them round: who is on each hardware thread. */
static int make_plan(topo_view *view)
{
    const bool bound = view->placement.bind != WEIR_BIND_NONE;
    view->first = calloc(view->count, sizeof *view->first);
    view->load = calloc(view->count, sizeof *view->load);
    if (bound)
        view->places = malloc(view->workers * sizeof *view->places);
    if (!view->first || !view->load || (bound && !view->places)) {
        tool_error("topo: no memory for %u workers", view->workers);
        return TOOL_FAILED;
    }
    if (!bound)
        return TOOL_OK;
    if (weir_topology_places(view->topology, &view->placement, view->places) != WEIR_OK)
        return tool_weir_error("topo");
    for (unsigned i = view->workers; i-- > 0;) {
        view->first[view->places[i]] = i;
        view->load[view->places[i]]++;
    }
    return TOOL_OK;
}

static int say_error(weir_status status)
{
    const int code = tool_weir_error("topo");
    return status == WEIR_EINVAL ? TOOL_USAGE : code;
}

static int make_view(topo_view *view, const topo_options *options)
{
    view->synthetic = options->synthetic;
    weir_status status = weir_topology_load(options->synthetic, &view->topology);
    if (status != WEIR_OK)
        return say_error(status);
    status = weir_topology_decide(view->topology, &options->engine, &view->placement);
    if (status != WEIR_OK)
        return say_error(status);
    weir_topology_machine(view->topology, &view->machine);
    view->node_count = weir_topology_nodes(view->topology, &view->nodes);
    view->count = weir_topology_pus(view->topology, &view->pus);
    view->workers = view->placement.threads;
    if (!count_machine(view)) {
        tool_error("topo: no memory for %u hardware threads", view->count);
        return TOOL_FAILED;
    }
    return make_plan(view);
}

static void free_view(topo_view *view)
{
    free(view->load);
    free(view->first);
    free(view->places);
    free(view->groups);
    weir_topology_free(view->topology);
}

static int draw(const topo_view *view, const char *path)
{
    output o;
    const int code = output_open(&o, "--svg", path);
    if (code != TOOL_OK)
        return code;
    topo_draw(view, o.file);
    return output_close(&o);
}

static int show(const topo_view *view, const topo_options *options)
{
    const bool in_place = options->svg != NULL && output_is_stdout(options->svg);
    if (in_place && options->json) {
        tool_error("topo: --json and --svg - both write to standard output: give --svg a file");
        return TOOL_USAGE;
    }
    const int code = options->svg != NULL ? draw(view, options->svg) : TOOL_OK;
    if (code != TOOL_OK || in_place)
        return code;
    if (options->json)
        topo_print_json(view);
    else
        topo_print(view, options->all);
    return TOOL_OK;
}

int weir_tool_topo(int argc, char **argv)
{
    topo_options options = {0};
    if (tool_scan(argc, argv, take_option, &options) != TOOL_OK)
        return TOOL_USAGE;
    if (options.help) {
        print_help();
        return TOOL_OK;
    }
    topo_view view = {0};
    int code = make_view(&view, &options);
    if (code == TOOL_OK)
        code = show(&view, &options);
    free_view(&view);
    return code;
}
