/* `weir topo`: a machine, this one or another, and which worker an engine puts where.
 *
 * main.c calls it; topo_text.c and topo_svg.c do the drawing.  It must never bind a thread, and
 * shows the plan of the library, not one of its own. */
#include "topo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"
#include "tool.h"

typedef struct topo_options {
    const char *synthetic, *svg;
    weir_engine_options engine; /* workers and bind of it */
    bool json, all, help;
} topo_options;

static void print_help(void)
{
    fputs("usage: weir topo [OPTION]...\n"
          "\n"
          "Shows packages, cores and hardware threads that this process may use, and which worker\n"
          "an engine puts on which of them. No thread is bound.\n"
          "\n"
          "  --synthetic DESC  another machine instead of this one, in hwloc's synthetic form,\n"
          "                    like \"pack:2 core:64 pu:2\"\n"
          "  --workers N       how many workers (default: WEIR_WORKERS, else one a core, not more "
          "than\n"
          "                    the CPU quota)\n"
          "  --bind HOW        (default: WEIR_BIND, else core)\n"
          "                    core: one a core, neighbours first\n"
          "                    spread: as far apart as the machine allows\n"
          "                    pu: one a hardware thread\n"
          "                    none: leave it to the operating system\n"
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
                           strncmp(argv[*at], "--bind", strlen("--bind")) == 0;
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
    view->numas = last->numa + 1;
    view->l3s = last->l3 + 1;
    view->cores = last->core + 1;
    for (unsigned i = 0; i < view->count; i++) {
        const weir_pu *pu = &view->pus[i], *before = i > 0 ? pu - 1 : NULL;
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

/* Asks the library for the plan, and turns it round: who is on each hardware thread. */
static int make_plan(topo_view *view)
{
    view->first = calloc(view->count, sizeof *view->first);
    view->load = calloc(view->count, sizeof *view->load);
    if (view->bind != WEIR_BIND_NONE)
        view->places = malloc(view->workers * sizeof *view->places);
    if (!view->first || !view->load || (view->bind != WEIR_BIND_NONE && !view->places)) {
        tool_error("topo: no memory for %u workers", view->workers);
        return TOOL_FAILED;
    }
    if (view->bind == WEIR_BIND_NONE)
        return TOOL_OK;
    if (weir_topology_place(view->topology, view->bind, view->workers, view->places) != WEIR_OK)
        return tool_weir_error("topo");
    for (unsigned i = view->workers; i-- > 0;) {
        view->first[view->places[i]] = i;
        view->load[view->places[i]]++;
    }
    return TOOL_OK;
}

/* What an engine would take from the environment, as it would; not for a machine that is not here. */
static int read_environment(topo_options *options)
{
    const char *workers = getenv("WEIR_WORKERS"), *bind = getenv("WEIR_BIND");
    uint64_t number = 0;
    weir_bind how = WEIR_BIND_AUTO;
    if (options->synthetic != NULL)
        return TOOL_OK;
    if (workers != NULL && *workers != '\0' && !tool_parse_number(workers, 1, 4096, &number)) {
        tool_error("topo: WEIR_WORKERS is '%s'; it must be a number of threads from 1 to 4096",
                   workers);
        return TOOL_USAGE;
    }
    if (bind != NULL && *bind != '\0' && !tool_parse_bind(bind, &how)) {
        tool_error("topo: WEIR_BIND is '%s'; it must be auto, core, spread, pu or none", bind);
        return TOOL_USAGE;
    }
    if (options->engine.workers == 0)
        options->engine.workers = (unsigned)number;
    if (options->engine.bind == WEIR_BIND_AUTO)
        options->engine.bind = how;
    return TOOL_OK;
}

static int make_view(topo_view *view, const topo_options *options)
{
    view->synthetic = options->synthetic;
    const weir_status status = weir_topology_load(options->synthetic, &view->topology);
    if (status != WEIR_OK) {
        const int code = tool_weir_error("topo");
        return status == WEIR_EINVAL ? TOOL_USAGE : code;
    }
    view->count = weir_topology_pus(view->topology, &view->pus);
    view->by_default = options->engine.workers == 0 && options->engine.bind == WEIR_BIND_AUTO;
    view->bind = options->engine.bind == WEIR_BIND_AUTO ? WEIR_BIND_CORE : options->engine.bind;
    view->workers = options->engine.workers > 0 ? options->engine.workers
                                                : weir_topology_default_workers(view->topology);
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

static void print_json_threads(json *j, const topo_view *view)
{
    json_open_list(j, "hardware_threads");
    for (unsigned i = 0; i < view->count; i++) {
        const weir_pu *pu = &view->pus[i];
        json_open_object(j, NULL);
        json_unsigned(j, "os_number", pu->os_index);
        json_unsigned(j, "package", pu->package);
        json_unsigned(j, "numa_node", pu->numa);
        json_unsigned(j, "l3", pu->l3);
        json_unsigned(j, "core", pu->core);
        json_unsigned(j, "smt", pu->smt);
        json_unsigned(j, "kind", pu->kind);
        json_close_object(j);
    }
    json_close_list(j);
}

/* "places" has an index into "hardware_threads" for each worker. */
static void print_json(const topo_view *view)
{
    const unsigned quota = weir_topology_quota(view->topology);
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    if (view->synthetic != NULL)
        json_string(&j, "synthetic", view->synthetic);
    else
        json_null(&j, "synthetic");
    json_unsigned(&j, "packages", view->packages);
    json_unsigned(&j, "numa_nodes", view->numas);
    json_unsigned(&j, "cores", view->cores);
    json_unsigned(&j, "kinds", view->kinds);
    if (quota > 0)
        json_unsigned(&j, "quota", quota);
    else
        json_null(&j, "quota");
    json_unsigned(&j, "default_workers", weir_topology_default_workers(view->topology));
    json_string(&j, "bind", tool_bind_names[view->bind]);
    json_unsigned(&j, "workers", view->workers);
    if (view->places == NULL) {
        json_null(&j, "places");
    } else {
        json_open_array(&j, "places");
        for (unsigned i = 0; i < view->workers; i++)
            json_unsigned(&j, NULL, view->places[i]);
        json_close_array(&j);
    }
    print_json_threads(&j, view);
    json_close_object(&j);
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
        print_json(view);
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
    int code = read_environment(&options);
    if (code == TOOL_OK)
        code = make_view(&view, &options);
    if (code == TOOL_OK)
        code = show(&view, &options);
    free_view(&view);
    return code;
}
