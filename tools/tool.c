/* The error lines, option scanning and engine set-up that the subcommands share.
 *
 * main.c and every subcommand call it, from the main thread only.  It must never exit: every failure is a
 * return value. */
#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "interrupt.h"
#include "terminal.h"
#include "text.h"

const char tool_engine_help[] =
    "  --workers N         threads of the run (default: WEIR_WORKERS, else OMP_NUM_THREADS, else\n"
    "                      one per core of the share)\n"
    "  --bind HOW          auto, core, spread, pu or none (default: WEIR_BIND, else auto)\n"
    "  --share I/N         the I-th, from 0, of N equal parts of the cores, for processes that\n"
    "                      divide a machine (default: WEIR_SHARE, else what mpirun or srun says)\n"
    "  --max-in-flight N   most parts of the work handed to other workers at one time\n"
    "                      (default: WEIR_MAX_IN_FLIGHT, else 4 per worker)\n"
    "  --max-bytes SIZE    most bytes that the run may hold, like 64M or 2G\n"
    "                      (default: WEIR_MAX_BYTES, else no limit)\n";

void tool_error(const char *format, ...)
{
    char line[8192], clean[4 * sizeof line];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_escape(line, strlen(line), clean);
    terminal_clear_status();
    fprintf(stderr, "weir: %s\n", clean);
}

int tool_weir_error(const char *what)
{
    const weir_error *error = weir_last_error();
    if (error->status == WEIR_ECANCEL) {
        interrupt_say(what);
        return TOOL_INTERRUPTED;
    }
    const char *text = error->text[0] ? error->text : weir_status_name(error->status);
    if (error->where[0])
        tool_error("%s: %s: %s", what, error->where, text);
    else
        tool_error("%s: %s", what, text);
    return TOOL_FAILED;
}

int tool_unknown(const char *subcommand, const char *argument)
{
    const char *kind = argument[0] == '-' ? "unknown option" : "unexpected argument";
    tool_error("%s: %s '%s'; see 'weir %s --help'", subcommand, kind, argument, subcommand);
    return TOOL_USAGE;
}

int tool_option(int argc, char **argv, int *at, const char *name, const char **value)
{
    const char *argument = argv[*at];
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0)
        return 0;
    if (argument[length] == '=') {
        *value = argument + length + 1;
        return 1;
    }
    if (argument[length] != '\0')
        return 0;
    if (*at + 1 >= argc) {
        tool_error("%s: option '%s' needs a value; see 'weir %s --help'", argv[0], name, argv[0]);
        return -1;
    }
    *value = argv[++*at];
    return 1;
}

bool tool_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    uintmax_t number = strtoumax(text, &end, 10);
    if (errno || *end || number < low || number > high)
        return false;
    *value = number;
    return true;
}

int tool_scan(int argc, char **argv, tool_reader *read, void *arguments)
{
    for (int i = 1; i < argc; i++) {
        const int found = read(argc, argv, &i, arguments);
        if (found == 0)
            return tool_unknown(argv[0], argv[i]);
        if (found < 0)
            return TOOL_USAGE;
    }
    return TOOL_OK;
}

const char *const tool_bind_names[] = {[WEIR_BIND_AUTO] = "auto",
                                       [WEIR_BIND_CORE] = "core",
                                       [WEIR_BIND_SPREAD] = "spread",
                                       [WEIR_BIND_PU] = "pu",
                                       [WEIR_BIND_NONE] = "none"};

bool tool_parse_bind(const char *text, weir_bind *bind)
{
    for (size_t i = 0; i < sizeof tool_bind_names / sizeof tool_bind_names[0]; i++)
        if (strcasecmp(text, tool_bind_names[i]) == 0) {
            *bind = (weir_bind)i;
            return true;
        }
    return false;
}

static int take_bind(const char *subcommand, const char *text, weir_bind *bind)
{
    /* An option is spelled as its help spells it; only the environment takes either case. */
    if (tool_parse_bind(text, bind) && strcmp(text, tool_bind_names[*bind]) == 0)
        return 1;
    tool_error("%s: --bind is auto, core, spread, pu or none, not '%s'", subcommand, text);
    return -1;
}

static int parse_count(const char *subcommand, const char *option, const char *text, uint64_t high,
                       uint64_t *value)
{
    if (tool_parse_number(text, 1, high, value))
        return 1;
    tool_error("%s: %s is a whole number from 1 to %" PRIu64 ", not '%s'", subcommand, option, high,
               text);
    return -1;
}

/* I/N, as the engine reads WEIR_SHARE. */
static int take_share(const char *subcommand, const char *text, weir_engine_options *options)
{
    const char *slash = strchr(text, '/');
    char number[16] = "";
    uint64_t share, shares;
    if (slash != NULL && (size_t)(slash - text) < sizeof number)
        memcpy(number, text, (size_t)(slash - text));
    if (slash != NULL && tool_parse_number(slash + 1, 1, UINT32_MAX, &shares) &&
        tool_parse_number(number, 0, shares - 1, &share)) {
        options->share = (unsigned)share;
        options->shares = (unsigned)shares;
        return 1;
    }
    tool_error(
        "%s: --share is a part like 1/4, its number from 0 and how many parts there are, not "
        "'%s'",
        subcommand, text);
    return -1;
}

int tool_engine_option(int argc, char **argv, int *at, weir_engine_options *options)
{
    const char *value;
    uint64_t number = 0;
    int taken = tool_option(argc, argv, at, "--workers", &value);
    if (taken) {
        if (taken > 0)
            taken = parse_count(argv[0], "--workers", value, WEIR_MAX_WORKERS, &number);
        options->workers = (unsigned)number;
        return taken;
    }
    taken = tool_option(argc, argv, at, "--max-in-flight", &value);
    if (taken) {
        if (taken > 0)
            taken = parse_count(argv[0], "--max-in-flight", value, SIZE_MAX, &number);
        options->max_in_flight = (size_t)number;
        return taken;
    }
    taken = tool_option(argc, argv, at, "--bind", &value);
    if (taken)
        return taken < 0 ? -1 : take_bind(argv[0], value, &options->bind);
    taken = tool_option(argc, argv, at, "--share", &value);
    if (taken)
        return taken < 0 ? -1 : take_share(argv[0], value, options);
    taken = tool_option(argc, argv, at, "--max-bytes", &value);
    if (taken > 0 &&
        (weir_parse_bytes(value, &options->max_bytes) != WEIR_OK || options->max_bytes == 0)) {
        tool_error("%s: --max-bytes is a size of at least 1 byte, like 64M or 2G, not '%s'",
                   argv[0], value);
        return -1;
    }
    return taken;
}

const char *tool_format_bytes(uint64_t bytes, char text[16])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 16, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return text;
}

weir_engine *tool_engine_open(const weir_engine_options *options, int *exit_code)
{
    weir_engine *engine;
    weir_status status = weir_engine_open(options, &engine);
    if (status != WEIR_OK) {
        *exit_code = tool_weir_error("the engine");
        if (status == WEIR_EINVAL)
            *exit_code = TOOL_USAGE;
        return NULL;
    }
    interrupt_watch(engine);
    return engine;
}

void tool_engine_close(weir_engine *engine)
{
    interrupt_watch(NULL);
    weir_engine_close(engine);
}

const char *tool_format_workers(unsigned given, unsigned asked, char text[TOOL_WORKERS_TEXT])
{
    const int n = snprintf(text, TOOL_WORKERS_TEXT, "%u worker%s", given, given == 1 ? "" : "s");
    if (given < asked)
        snprintf(text + n, TOOL_WORKERS_TEXT - (size_t)n,
                 " (asked for %u; OpenMP gave no more: OMP_THREAD_LIMIT, OMP_DYNAMIC?)", asked);
    return text;
}
