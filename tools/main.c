/* The `weir` command: chooses the subcommand, and the general --help and --version.
 *
 * The C runtime calls it.  It must never do a subcommand's work, nor let lost output pass as
 * success. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} subcommands[] = {
    {"stats", weir_tool_stats, "moments, quantiles and histogram of an array file, exactly"},
    {"top", weir_tool_top, "the most frequent entries of log files, counted as a stream"},
    {"layers", weir_tool_layers,
     "run a small pipeline of layers and show each operation as it begins and ends"},
    {"topo", weir_tool_topo, "this machine, or another one, and which worker goes where"},
    {"graph", weir_tool_graph, "the task graph of a sparse matrix, in numbers, drawn, and run"},
    {"plan", weir_tool_plan, "the memory certificate of a pipeline, before any run"},
};

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        if (strcmp(subcommands[i].name, name) == 0)
            return &subcommands[i];
    return NULL;
}

static void print_usage(FILE *file)
{
    fputs("usage: weir SUBCOMMAND [OPTION]...\n"
          "       weir SUBCOMMAND --help\n"
          "       weir --help | --version\n"
          "\n"
          "Numeric pipelines on all cores, within a memory limit that is known before the run.\n"
          "\n"
          "Subcommands:\n",
          file);
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        fprintf(file, "  %-8s %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\n"
          "Options of every subcommand that runs something:\n",
          file);
    fputs(tool_engine_help, file);
    fputs("\n"
          "Environment:\n"
          "  WEIR_WORKERS, WEIR_BIND, WEIR_SHARE, WEIR_MAX_IN_FLIGHT, WEIR_MAX_BYTES\n"
          "                      what the options above take where they are not given\n"
          "\n"
          "Exit status: 0 success; 1 the run failed, or not all of its input could be read; 2 the\n"
          "command line is wrong. Ctrl-C, SIGTERM and SIGHUP end weir as by that signal, within "
          "about\n"
          "a second: a shell shows 130, 143 or 129.\n",
          file);
}

static int run_help(int argc, char **argv)
{
    if (argc <= 2) {
        print_usage(stdout);
        return TOOL_OK;
    }
    const struct subcommand *subcommand = find(argv[2]);
    if (!subcommand) {
        tool_error("no subcommand '%s'; see 'weir --help'", argv[2]);
        return TOOL_USAGE;
    }
    char help[] = "--help";
    return subcommand->run(2, (char *[]){argv[2], help, NULL});
}

/* Wherever it stands, so that it can be added to a line that is there. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || (i == 1 && strcmp(argv[i], "-h") == 0))
            return true;
    return false;
}

static int run_subcommand(const struct subcommand *subcommand, int argc, char **argv)
{
    char help[] = "--help";
    if (asks_for_help(argc, argv))
        return subcommand->run(2, (char *[]){argv[0], help, NULL});
    return subcommand->run(argc, argv);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        tool_error("which subcommand? stats, top, layers, topo, graph or plan; see 'weir --help'");
        return TOOL_USAGE;
    }
    const char *first = argv[1];
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0)
        return run_help(argc, argv);
    if (strcmp(first, "--version") == 0) {
        puts("weir " WEIR_TOOL_VERSION);
        return TOOL_OK;
    }
    const struct subcommand *subcommand = find(first);
    if (subcommand)
        return run_subcommand(subcommand, argc - 1, argv + 1);
    tool_error("unknown %s '%s'; see 'weir --help'", first[0] == '-' ? "option" : "subcommand",
               first);
    return TOOL_USAGE;
}

/* A closed standard descriptor would be given to the next file that is opened, and the report
 * written into it.  So it is opened the wrong way round: using it fails, as it should. */
static void occupy_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY) < 0)
            return;
}

static int check_output(int code)
{
    int failed = ferror(stdout);
    errno = 0;
    if (fflush(stdout) != 0 || failed) {
        tool_error("standard output: %s", errno ? strerror(errno) : "not everything was written");
        return code == TOOL_OK ? TOOL_FAILED : code;
    }
    return code;
}

/* hwloc's plugins find graphics cards, and load their libraries for it: twice the time of all else
 * that a small run does. Weir asks for cores, caches and memory only. A machine that is described by
 * a file is read by a plugin, too. */
static void leave_out_plugins(void)
{
    if (!getenv("HWLOC_XMLFILE"))
        setenv("HWLOC_PLUGINS_PATH", "", 0);
}

int main(int argc, char **argv)
{
    occupy_standard_descriptors();
    setlocale(LC_CTYPE, "");
    leave_out_plugins();
    const int code = check_output(dispatch(argc, argv));
    interrupt_end();
    return code;
}
