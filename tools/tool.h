/* What the subcommands of `weir` share: exit codes, error lines, and the options of the engine.
 *
 * main.c and every subcommand include it; tool.c implements it.  It must never know what a
 * subcommand computes, and never write anything but errors to stderr. */
#ifndef WEIR_TOOL_H
#define WEIR_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir.h"

enum tool_exit {
    TOOL_OK = 0,
    TOOL_FAILED = 1,       /* the run failed: a file, the memory, an op, the output */
    TOOL_USAGE = 2,        /* the command line is wrong; nothing was done */
    TOOL_INTERRUPTED = 130 /* main then ends the process by the signal */
};

/* The subcommands. argv[0] is the subcommand's own name, so that a scan begins at 1.  Each serves
 * "--help" itself, on stdout, and returns a tool_exit; main checks that stdout took everything. */
int weir_tool_stats(int argc, char **argv);
int weir_tool_top(int argc, char **argv);
int weir_tool_layers(int argc, char **argv);
int weir_tool_topo(int argc, char **argv);
int weir_tool_graph(int argc, char **argv);
int weir_tool_plan(int argc, char **argv);

/* Prints "weir: ..." and a newline to stderr, as text_escape() makes it, in place of a status
 * line. */
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints weir_last_error() as one line: "weir: WHAT: where: text".
 * Returns: the exit code that fits, TOOL_INTERRUPTED after a cancelled run, else TOOL_FAILED. */
int tool_weir_error(const char *what);

/* Says that an argument is not known to a subcommand, and where to look.
 * Returns: TOOL_USAGE. */
int tool_unknown(const char *subcommand, const char *argument);

/* One argument of a scan: is argv[*at] the option `name` (with its dashes)?  It may be
 * "--name VALUE" or "--name=VALUE"; *at is left on the last argument taken.
 * Returns: 1 and *value, 0 if it is another argument, -1 if the value is missing (said). */
int tool_option(int argc, char **argv, int *at, const char *name, const char **value);

/* Reads one argument at argv[*at] into a subcommand's own record.
 * Returns: 1 if it was read, 0 if it is not known, -1 if it is wrong (said). */
typedef int tool_reader(int argc, char **argv, int *at, void *arguments);

/* Scans all arguments with it, up to the first that is unknown or wrong.
 * Returns: TOOL_OK, or TOOL_USAGE (said). */
int tool_scan(int argc, char **argv, tool_reader *read, void *arguments);

/* The names of weir_bind's policies, by their numbers, and the way back, in either case as the
 * engine reads WEIR_BIND. */
extern const char *const tool_bind_names[];
bool tool_parse_bind(const char *text, weir_bind *bind);

/* The engine's own options, one argument of a scan: --workers, --bind, --share,
 * --max-in-flight, --max-bytes.  Begin with options all 0.
 * Returns: 1 if it was one and is in options, 0 if it is another argument, -1 if wrong (said). */
int tool_engine_option(int argc, char **argv, int *at, weir_engine_options *options);

/* What --help says about the engine's options; a paragraph that ends in a newline. */
extern const char tool_engine_help[];

/* Whole numbers, without signs or blanks or anything after them.
 * Returns: true and *value if low <= *value <= high. */
bool tool_parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *value);

/* A number of bytes as people read it, like "64.0 MiB"; returns `text`. */
const char *tool_format_bytes(uint64_t bytes, char text[16]);

/* "2 workers", and what was asked for if OpenMP gave fewer; returns `text`. */
enum { TOOL_WORKERS_TEXT = 96 };
const char *tool_format_workers(unsigned given, unsigned asked, char text[TOOL_WORKERS_TEXT]);

/* Opens an engine whose runs Ctrl-C, SIGTERM and SIGHUP cancel until tool_engine_close().  One at a
 * time.
 * Returns: NULL after saying why; *exit_code is then the code to leave with. */
weir_engine *tool_engine_open(const weir_engine_options *options, int *exit_code);
void tool_engine_close(weir_engine *engine);
/* The signal that came, or 0.  Threads: any. */
int tool_interrupted(void);

#endif
