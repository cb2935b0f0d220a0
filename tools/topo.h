/* A machine and a placement, counted once for all the forms in which `weir topo` shows them.
 *
 * topo.c makes it; topo_text.c, topo_svg.c and topo_json.c show it, with the words of topo_words.c.  It must
 * never change once it is made. */
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
    weir_machine machine;
    const weir_node *nodes;
    unsigned node_count;
    const weir_pu *pus;
    unsigned count, cores, packages, numas, l3s, kinds;
    unsigned widest; /* hardware threads of the core that has most */
    topo_group *groups;
    unsigned group_count;

    weir_placement placement; /* as an engine would decide */
    unsigned workers;         /* that OpenMP gives threads */
    unsigned *places; /* the hardware thread of each worker; NULL if weir does not bind them */
    unsigned *first;  /* the first worker of each hardware thread that has one */
    unsigned *load;   /* how many workers it has */
} topo_view;

/* Who works on a hardware thread: "-", "7", or "7+2" for worker 7 and two more. Returns `text`. */
#define TOPO_LABEL 24
const char *topo_label(const topo_view *view, unsigned pu, char text[TOPO_LABEL]);

/* Has a hardware thread more than one worker? */
bool topo_is_shared(const topo_view *view);

/* "package 1" and "NUMA node 1", by the operating system's numbers. Return `text`. */
#define TOPO_PACKAGE 24
const char *topo_package_name(const weir_pu *pu, char text[TOPO_PACKAGE]);
#define TOPO_NODE 24
const char *topo_node_name(const weir_pu *pu, char text[TOPO_NODE]);

/* What sets a group apart inside its package, like "NUMA node 1, L3 cache 2"; empty if nothing does.
 * Returns `text`. */
#define TOPO_NAME 128
const char *topo_group_name(const topo_view *view, const topo_group *group, char text[TOPO_NAME]);

/* How many hardware threads, at least 1, the core has that begins at pus[first]. */
unsigned topo_core_width(const topo_view *view, unsigned first);

/* What there is to say, a line each without its newline; empty if there is nothing. All return `text`.
 *   summary  "2 packages, 1 NUMA node, …"
 *   memory   sizes of caches and memory, and nodes that are memory only
 *   share    which part of the machine is meant, and who says so
 *   team     how many workers, where, and why */
#define TOPO_LINE 384
const char *topo_summary(const topo_view *view, char text[TOPO_LINE]);
const char *topo_memory(const topo_view *view, char text[TOPO_LINE]);
const char *topo_share(const topo_view *view, char text[TOPO_LINE]);
const char *topo_team(const topo_view *view, char text[TOPO_LINE]);

/* Prints one JSON object to stdout. */
void topo_print_json(const topo_view *view);

/* Prints summary, picture and table to stdout; `all`: the table has every worker. */
void topo_print(const topo_view *view, bool all);

/* Draws it into a file that is open. */
void topo_draw(const topo_view *view, FILE *file);

#endif
