/* Libraries that are loaded when the problem that needs them is made, so that they are in no other
 * problem's resident set. */
#ifndef WEIR_BENCH_LIBRARY_H
#define WEIR_BENCH_LIBRARY_H

#include <stdbool.h>

/* NULL after saying why not. */
void *library_open(const char *path);
/* Fills a pointer to a function. False after saying that there is none of that name. */
bool library_find(void *library, const char *name, void *function);

#endif
