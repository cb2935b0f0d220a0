/* A machine and a placement, counted once for all the forms in which `weir topo` shows them.
 *
 * topo.c makes it, topo_text.c and topo_svg.c show it.  It must never change once it is made. */
#ifndef WEIR_TOPO_H
#define WEIR_TOPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "weir.h"

/* Hardware threads next to each other that share package, NUMA node, L3 cache and kind of core. */
typedef struct topo_group {
    unsigned first, count; /* hardware threads */
    unsigned cores;
} topo_group;

typedef struct topo_view {
    const char *synthetic; /* NULL: this machine */
    weir_topology *topology;
    const weir_pu *pus;
    unsigned count, cores, packages, numas, l3s, kinds;
    unsigned widest; /* hardware threads of the core that has most */
    topo_group *groups;
    unsigned group_count;

    weir_bind bind;
    bool by_default; /* neither the policy nor the number of workers was given */
    unsigned workers;
    unsigned *places; /* the hardware thread of each worker; NULL if workers are not bound */
    unsigned *first;  /* the first worker of each hardware thread that has one */
    unsigned *load;   /* how many workers it has */
} topo_view;

/* Who works on a hardware thread: "-", "7", or "7+2" for worker 7 and two more. Returns `text`. */
#define TOPO_LABEL 24
const char *topo_label(const topo_view *view, unsigned pu, char text[TOPO_LABEL]);

/* What sets a group apart inside its package, like "NUMA node 1, L3 cache 2"; empty if nothing does.
 * Returns `text`. */
#define TOPO_NAME 96
const char *topo_group_name(const topo_view *view, const topo_group *group, char text[TOPO_NAME]);

/* How many hardware threads, at least 1, the core has that begins at pus[first]. */
unsigned topo_core_width(const topo_view *view, unsigned first);

/* "2 packages, 1 NUMA node, …", without a newline. */
#define TOPO_SUMMARY 256
const char *topo_summary(const topo_view *view, char text[TOPO_SUMMARY]);

/* Prints summary, picture and table to stdout; `all`: the table has every worker. */
void topo_print(const topo_view *view, bool all);

/* Draws it into a file that is open. */
void topo_draw(const topo_view *view, FILE *file);

#endif
