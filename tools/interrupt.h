/* Ctrl-C, SIGTERM and SIGHUP: the first one cancels the run, and the process ends as by that signal.
 *
 * tool.c and main.c call it, and whoever makes a file that must not be left half written.  It must
 * never wait for a run for longer than a second: not every op can be stopped. */
#ifndef WEIR_INTERRUPT_H
#define WEIR_INTERRUPT_H

#include "weir.h"

/* From now on such a signal cancels the runs of this engine; NULL: of none.  A process that is still
 * there a second later, or gets another one, ends at once, with the status line cleared and the file
 * of interrupt_remove() removed.  One engine at a time, from the main thread. */
void interrupt_watch(weir_engine *engine);

/* Says that what was asked for was interrupted; once. */
void interrupt_say(const char *what);

/* A file that is not complete yet, to be removed if the process ends at once; NULL: there is none.
 * The path is kept, not copied. */
void interrupt_remove(const char *path);

/* If such a signal came, ends the process by it, as a shell expects; else returns. */
void interrupt_end(void);

#endif
