/* Which contestants there are: the programs beside this one, and those that --add names.
 *
 * main.c fills the list once, the suites choose from it.  It must never start a contestant for
 * anything but the list of its problems. */
#ifndef WEIR_BENCH_CONTESTANTS_H
#define WEIR_BENCH_CONTESTANTS_H

#include "suite.h"

/* Finds the programs; those that are absent stay in the list with a hint. */
void contestants_find(settings *s);
/* Adds "NAME=PROGRAM". False after saying what is wrong. */
bool contestants_add(settings *s, const char *argument);
/* Leaves only those of a list with commas, and the sequential program. False after saying which is
 * not known. */
bool contestants_choose(settings *s, const char *names);
/* By name, if present and wanted; else NULL. */
contestant *contestants_get(settings *s, const char *name);
bool contestants_solves(const contestant *c, const char *problem);
/* Is it weir, perhaps of another build ("weir-…")? */
bool contestants_is_weir(const contestant *c);
/* Takes part where libraries are compared: not the sequential program, not the machine's limit. */
bool contestants_is_library(const contestant *c);
/* Is it a library that is not weir? */
bool contestants_is_peer(const contestant *c);

#endif
