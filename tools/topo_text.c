/* A machine and a placement as text: a summary, a picture with a cell for each core, a table.
 *
 * topo.c calls it.  It must never be wider than COLUMNS, unless one core alone is. */
#include "topo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS     96
#define MAX_PER_ROW 16

/* A table of more workers is cut to so many at its beginning and its end, unless all are wanted. */
#define MAX_TABLE  64
#define TABLE_HEAD 24
#define TABLE_TAIL 8

const char *topo_label(const topo_view *view, unsigned pu, char text[TOPO_LABEL])
{
    const unsigned load = view->load[pu];
    if (load == 0)
        snprintf(text, TOPO_LABEL, "-");
    else if (load == 1)
        snprintf(text, TOPO_LABEL, "%u", view->first[pu]);
    else
        snprintf(text, TOPO_LABEL, "%u+%u", view->first[pu], load - 1);
    return text;
}

const char *topo_group_name(const topo_view *view, const topo_group *group, char text[TOPO_NAME])
{
    const weir_pu *pu = &view->pus[group->first];
    int length = 0;
    text[0] = '\0';
    if (view->numas > 1)
        length = snprintf(text, TOPO_NAME, "NUMA node %u", pu->numa);
    if (view->l3s > view->packages && view->l3s > view->numas)
        length += snprintf(text + length, TOPO_NAME - (size_t)length, "%sL3 cache %u",
                           length > 0 ? ", " : "", pu->l3);
    if (view->kinds > 1)
        snprintf(text + length, TOPO_NAME - (size_t)length, "%s%s (kind %u)",
                 length > 0 ? ", " : "", pu->kind == 0 ? "fast cores" : "slower cores", pu->kind);
    return text;
}

unsigned topo_core_width(const topo_view *view, unsigned first)
{
    unsigned end = first + 1;
    while (end < view->count && view->pus[end].smt > 0)
        end++;
    return end - first;
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

const char *topo_summary(const topo_view *view, char text[TOPO_SUMMARY])
{
    const unsigned quota = weir_topology_quota(view->topology);
    char kinds[32] = "", limit[64] = ", no CPU quota";
    if (view->kinds > 1)
        snprintf(kinds, sizeof kinds, " of %u kinds", view->kinds);
    if (view->synthetic != NULL)
        limit[0] = '\0';
    else if (quota > 0)
        snprintf(limit, sizeof limit, ", quota of %u CPU%s", quota, plural(quota));
    snprintf(text, TOPO_SUMMARY,
             "%u package%s, %u NUMA node%s, %u core%s%s, %u hardware thread%s%s", view->packages,
             plural(view->packages), view->numas, plural(view->numas), view->cores,
             plural(view->cores), kinds, view->count, plural(view->count), limit);
    return text;
}

static void print_placement(const topo_view *view)
{
    static const char *const how[] = {[WEIR_BIND_CORE] = "one a core, neighbours first",
                                      [WEIR_BIND_SPREAD] = "spread over the machine",
                                      [WEIR_BIND_PU] = "one a hardware thread"};
    if (view->bind == WEIR_BIND_NONE)
        printf("%u worker%s, not bound: the operating system places them\n", view->workers,
               plural(view->workers));
    else
        printf("%u worker%s, %s\n", view->workers, plural(view->workers), how[view->bind]);
    const bool openmp = getenv("OMP_PROC_BIND") != NULL || getenv("OMP_PLACES") != NULL;
    if (view->by_default && view->synthetic == NULL && openmp)
        puts(
            "OMP_PROC_BIND or OMP_PLACES is set: by default an engine leaves the places to OpenMP");
}

static int label_width(const topo_view *view)
{
    char text[TOPO_LABEL];
    size_t widest = 1;
    for (unsigned i = 0; i < view->count; i++) {
        const size_t length = strlen(topo_label(view, i, text));
        widest = length > widest ? length : widest;
    }
    return (int)widest;
}

static int digits(unsigned number)
{
    int count = 1;
    for (; number >= 10; number /= 10)
        count++;
    return count;
}

/* The most cores, a power of two, that fit into a row. */
static unsigned cores_per_row(int cell_width, int heading_width)
{
    unsigned cores = MAX_PER_ROW;
    while (cores > 1 && heading_width + (int)cores * (cell_width + 3) > COLUMNS)
        cores /= 2;
    return cores;
}

/* A cell is a core: the workers on its hardware threads, with a bar between them. */
static void print_cell(const topo_view *view, unsigned first, int width, int cell_width)
{
    char text[TOPO_LABEL];
    const unsigned threads = topo_core_width(view, first);
    int used = 0;
    fputs(" [", stdout);
    for (unsigned i = 0; i < threads; i++)
        used += printf("%s%*s", i > 0 ? "|" : "", width, topo_label(view, first + i, text));
    printf("%*s]", used < cell_width ? cell_width - used : 0, "");
}

static void print_group(const topo_view *view, const topo_group *group, int width)
{
    const int number_width = digits(view->cores - 1);
    const int cell_width = (int)view->widest * (width + 1) - 1;
    const unsigned per_row = cores_per_row(cell_width, number_width + 9);
    unsigned in_row = 0;
    for (unsigned pu = group->first; pu < group->first + group->count;
         pu += topo_core_width(view, pu)) {
        if (in_row == 0)
            printf("  core %*u ", number_width, view->pus[pu].core);
        print_cell(view, pu, width, cell_width);
        if (++in_row == per_row) {
            putchar('\n');
            in_row = 0;
        }
    }
    if (in_row > 0)
        putchar('\n');
}

static void print_picture(const topo_view *view)
{
    char name[TOPO_NAME];
    const int width = label_width(view);
    for (unsigned i = 0; i < view->group_count; i++) {
        const topo_group *group = &view->groups[i];
        const weir_pu *pu = &view->pus[group->first];
        topo_group_name(view, group, name);
        printf("\npackage %u%s%s\n", pu->package, name[0] != '\0' ? ", " : "", name);
        print_group(view, group, width);
    }
    if (view->places == NULL)
        return;
    puts(view->widest > 1
             ? "\nEach cell is a core: the workers on its hardware threads, - for none."
             : "\nEach cell is a core: the worker on it, - for none.");
    if (view->workers > view->count)
        puts("7+2 means worker 7 and two more.");
}

static void print_row(const topo_view *view, unsigned worker)
{
    const weir_pu *pu = &view->pus[view->places[worker]];
    printf("%6u  %7u  %9u  %4u  %15u  %9u", worker, pu->package, pu->numa, pu->core, pu->smt,
           pu->os_index);
    if (view->kinds > 1)
        printf("  %4u", pu->kind);
    putchar('\n');
}

static void print_table(const topo_view *view, bool all)
{
    const bool cut = !all && view->workers > MAX_TABLE;
    printf("\nworker  package  NUMA node  core  hardware thread  OS number%s\n",
           view->kinds > 1 ? "  kind" : "");
    for (unsigned i = 0; i < view->workers; i++) {
        if (cut && i == TABLE_HEAD) {
            const unsigned next = view->workers - TABLE_TAIL;
            printf("   ...  %u more; --all shows them\n", next - i);
            i = next;
        }
        print_row(view, i);
    }
}

void topo_print(const topo_view *view, bool all)
{
    char summary[TOPO_SUMMARY];
    puts(topo_summary(view, summary));
    print_placement(view);
    print_picture(view);
    if (view->places != NULL)
        print_table(view, all);
}
