/* `weir layers`: the demonstration of layers on the command line.
 *
 * main.c calls it.  It must never run more than the one pipeline that it was asked for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "layers_pipeline.h"
#include "terminal.h"
#include "tool.h"

static const char help[] =
    "usage: weir layers [VALUE] [options]\n"
    "\n"
    "Runs the classic pipeline of three layers on VALUE (default 2.5). Level A passes 1, 2 and 3\n"
    "times its data to level B; B passes a 2nd, a 4th and a 7th of its data to level C; then each\n"
    "level sums what it gathered, which takes some seconds (slept). An operation begins as soon "
    "as\n"
    "its own operands are there. Every operation prints when it began and ended, its worker and\n"
    "its operands.\n"
    "\n"
    "With the defaults, 10 workers need 6 seconds, 1 worker 18.\n"
    "\n"
    "options:\n"
    "  --seconds S        seconds that an operation takes: one number for all levels, or one for\n"
    "                     each, like 3,2,1 (default: depth, …, 2, 1)\n"
    "  --depth N          levels, 1 to 26 (default 3)\n"
    "  --fanout N         children of a branch, 1 to 1000 (default 3)\n"
    "  --json             print one JSON object instead of lines\n"
    "  --help             this text\n"
    "\n";

/* Reads "3,2,1" into seconds[0 … depth-1]. */
static bool parse_seconds(const char *text, layers_demo *demo)
{
    uint32_t n = 0;
    const char *at = text;
    for (;;) {
        char *end;
        const double s = strtod(at, &end);
        if (end == at || !(s >= 0) || s > 86400 || n == demo->depth)
            return false;
        demo->seconds[n++] = s;
        if (*end == '\0')
            break;
        if (*end != ',')
            return false;
        at = end + 1;
    }
    for (uint32_t i = 1; n == 1 && i < demo->depth; i++)
        demo->seconds[i] = demo->seconds[0];
    return n == 1 || n == demo->depth;
}

typedef struct arguments {
    double value;
    const char *seconds;
    uint64_t depth, fanout;
    bool json, help;
    weir_engine_options engine;
} arguments;

static bool parse_value(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

/* Reads one argument at argv[*at]; 1: read, 0: unknown, -1: wrong, and said so. */
static int read_argument(int argc, char **argv, int *at, void *into)
{
    arguments *a = into;
    const char *text;
    int found = tool_engine_option(argc, argv, at, &a->engine);
    if (found != 0)
        return found;
    if (strcmp(argv[*at], "--json") == 0)
        return a->json = true;
    if (strcmp(argv[*at], "--help") == 0)
        return a->help = true;
    if ((found = tool_option(argc, argv, at, "--seconds", &a->seconds)) != 0)
        return found;
    if ((found = tool_option(argc, argv, at, "--depth", &text)) != 0) {
        if (found < 0 || tool_parse_number(text, 1, LAYERS_MOST_DEPTH, &a->depth))
            return found;
        tool_error("--depth is '%s'; it must be a number of levels from 1 to 26", text);
        return -1;
    }
    if ((found = tool_option(argc, argv, at, "--fanout", &text)) != 0) {
        if (found < 0 || tool_parse_number(text, 1, LAYERS_MOST_FANOUT, &a->fanout))
            return found;
        tool_error("--fanout is '%s'; it must be a number of children from 1 to 1000", text);
        return -1;
    }
    if (argv[*at][0] == '-' && argv[*at][1] == '-')
        return 0;
    if (parse_value(argv[*at], &a->value))
        return 1;
    tool_error("the value is '%s'; it must be a finite number, like 2.5", argv[*at]);
    return -1;
}

static void print_text(const layers_demo *demo, const weir_stats *stats, unsigned asked,
                       double result)
{
    enum { NARROW = 64 };
    const unsigned operations = atomic_load(&demo->operations);
    const unsigned columns = demo->on_terminal ? terminal_columns(STDOUT_FILENO) : 0;
    char workers[TOOL_WORKERS_TEXT];
    printf("result %.17g\n", result);
    printf("%u operation%s in %.3f s%son %s, at most %u at once\n", operations,
           operations == 1 ? "" : "s", stats->seconds, columns && columns < NARROW ? "\n" : " ",
           tool_format_workers(stats->workers, asked, workers), atomic_load(&demo->most_running));
}

static void print_json(const layers_demo *demo, const weir_stats *stats, unsigned asked,
                       double value, double result)
{
    json j = json_begin(stdout);
    json_open_object(&j, NULL);
    json_double(&j, "value", value);
    json_double(&j, "result", result);
    json_unsigned(&j, "depth", demo->depth);
    json_unsigned(&j, "fanout", demo->fanout);
    json_unsigned(&j, "operations", atomic_load(&demo->operations));
    json_unsigned(&j, "most_at_once", atomic_load(&demo->most_running));
    json_double(&j, "seconds", stats->seconds);
    json_unsigned(&j, "workers", stats->workers);
    json_unsigned(&j, "workers_asked", asked);
    json_unsigned(&j, "promotions", stats->promotions);
    json_unsigned(&j, "peak_in_flight", stats->peak_in_flight);
    json_unsigned(&j, "denied_permits", stats->denied_permits);
    json_unsigned(&j, "denied_bytes", stats->denied_bytes);
    json_double(&j, "idle_seconds", (double)stats->idle_ns * 1e-9);
    json_unsigned(&j, "peak_bytes", stats->peak_bytes);
    json_unsigned(&j, "certified_bytes", stats->certified_bytes);
    json_close_object(&j);
}

static int run(layers_demo *demo, const arguments *a)
{
    int code;
    weir_plan *plan;
    weir_engine *engine = tool_engine_open(&a->engine, &code);
    if (engine == NULL)
        return code;
    if (weir_plan_compile(&demo->layer[0], &plan) != WEIR_OK) {
        tool_engine_close(engine);
        return tool_weir_error("layers");
    }
    const layers_in in = {.data = a->value};
    double out = 0;
    demo->began = layers_now();
    if (weir_run(engine, plan, demo, &in, &out) == WEIR_OK) {
        weir_stats stats;
        weir_engine_stats(engine, &stats);
        if (a->json)
            print_json(demo, &stats, weir_engine_workers(engine), a->value, out);
        else
            print_text(demo, &stats, weir_engine_workers(engine), out);
        code = TOOL_OK;
    } else {
        code = tool_weir_error("layers");
    }
    weir_plan_free(plan);
    tool_engine_close(engine);
    return code;
}

int weir_tool_layers(int argc, char **argv)
{
    static layers_demo demo;
    arguments a = {.value = 2.5, .depth = 3, .fanout = 3};
    if (tool_scan(argc, argv, read_argument, &a) != TOOL_OK)
        return TOOL_USAGE;
    if (a.help) {
        fputs(help, stdout);
        fputs(tool_engine_help, stdout);
        return TOOL_OK;
    }
    demo.depth = (uint32_t)a.depth;
    demo.fanout = (uint32_t)a.fanout;
    demo.print = !a.json;
    demo.on_terminal = isatty(STDOUT_FILENO) == 1;
    demo.seconds[0] = -1;
    if (a.seconds != NULL && !parse_seconds(a.seconds, &demo)) {
        tool_error("--seconds is '%s'; it must be one number of seconds, or %u with commas between,"
                   " one a level",
                   a.seconds, demo.depth);
        return TOOL_USAGE;
    }
    layers_demo_init(&demo);
    setvbuf(stdout, NULL, _IOLBF, 0); /* lines appear when their operations end */
    return run(&demo, &a);
}
