/* A machine and a placement as text: a summary, a picture with a cell for each core, a table.
 *
 * topo.c calls it.  It must never be wider than the terminal, unless a single cell of the table is. */
#include "topo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

#define DEFAULT_COLUMNS 96
#define MAX_PER_ROW     16

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

static void print_placement(const topo_view *view, unsigned columns)
{
    static const char *const how[] = {[WEIR_BIND_CORE] = "one a core, neighbours first",
                                      [WEIR_BIND_SPREAD] = "spread over the machine",
                                      [WEIR_BIND_PU] = "one a hardware thread",
                                      [WEIR_BIND_NONE] =
                                          "not bound: the operating system places them"};
    char text[96];
    snprintf(text, sizeof text, "%u worker%s, %s", view->workers, plural(view->workers),
             how[view->bind]);
    terminal_print(stdout, text, columns, 2);
    const bool openmp = getenv("OMP_PROC_BIND") != NULL || getenv("OMP_PLACES") != NULL;
    if (view->by_default && view->synthetic == NULL && openmp)
        terminal_print(stdout,
                       "OMP_PROC_BIND or OMP_PLACES is set: by default an engine leaves the places "
                       "to OpenMP",
                       columns, 2);
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
static unsigned cores_per_row(int cell_width, int heading_width, unsigned columns)
{
    unsigned cores = MAX_PER_ROW;
    while (cores > 1 && heading_width + (int)cores * (cell_width + 3) > (int)columns)
        cores /= 2;
    return cores;
}

/* How many hardware threads of a core stand side by side: all, or as many in each of the fewest rows
 * that fit. */
static unsigned threads_per_row(const topo_view *view, int width, int heading_width,
                                unsigned columns)
{
    const int room = (int)columns - heading_width - 2;
    const unsigned most = room > width ? (unsigned)room / (unsigned)(width + 1) : 1;
    const unsigned rows = (view->widest + most - 1) / most;
    return (view->widest + rows - 1) / rows;
}

/* A cell is a core: the workers on its hardware threads, with a bar between them; on several lines
 * if it must be. */
static void print_cell(const topo_view *view, unsigned first, int width, unsigned per_row,
                       int heading_width)
{
    char text[TOPO_LABEL];
    const unsigned threads = topo_core_width(view, first);
    const int cell_width = (int)per_row * (width + 1) - 1;
    int used = 0;
    fputs(" [", stdout);
    for (unsigned i = 0; i < threads; i++) {
        if (i > 0 && i % per_row == 0) {
            printf("|\n%*s", heading_width + 1, "");
            used = 0;
        }
        used +=
            printf("%s%*s", i % per_row > 0 ? "|" : "", width, topo_label(view, first + i, text));
    }
    printf("%*s]", used < cell_width ? cell_width - used : 0, "");
}

static void print_group(const topo_view *view, const topo_group *group, int width, unsigned columns)
{
    const int number_width = digits(view->cores - 1);
    const int heading_width = number_width + 9;
    const unsigned threads = threads_per_row(view, width, heading_width, columns);
    const unsigned per_row = cores_per_row((int)threads * (width + 1) - 1, heading_width, columns);
    unsigned in_row = 0;
    for (unsigned pu = group->first; pu < group->first + group->count;
         pu += topo_core_width(view, pu)) {
        if (in_row == 0)
            printf("  core %*u ", number_width, view->pus[pu].core);
        print_cell(view, pu, width, threads, heading_width);
        if (++in_row == per_row) {
            putchar('\n');
            in_row = 0;
        }
    }
    if (in_row > 0)
        putchar('\n');
}

static void print_picture(const topo_view *view, unsigned columns)
{
    char name[TOPO_NAME], text[TOPO_NAME + 32];
    const int width = label_width(view);
    for (unsigned i = 0; i < view->group_count; i++) {
        const topo_group *group = &view->groups[i];
        const weir_pu *pu = &view->pus[group->first];
        topo_group_name(view, group, name);
        snprintf(text, sizeof text, "package %u%s%s", pu->package, name[0] != '\0' ? ", " : "",
                 name);
        putchar('\n');
        terminal_print(stdout, text, columns, 2);
        print_group(view, group, width, columns);
    }
    if (view->places == NULL)
        return;
    putchar('\n');
    terminal_print(stdout,
                   view->widest > 1
                       ? "Each cell is a core: the workers on its hardware threads, - for none."
                       : "Each cell is a core: the worker on it, - for none.",
                   columns, 2);
    if (view->workers > view->count)
        puts("7+2 means worker 7 and two more.");
}

/* --- the table --------------------------------------------------------------------------- */

typedef struct column {
    const char *wide, *narrow; /* headings; as wide as the column is */
    unsigned value;
} column;

enum { MOST_CELLS = 7 };

/* Returns how many columns the table has. */
static unsigned row_of(const topo_view *view, unsigned worker, column row[MOST_CELLS])
{
    const weir_pu *pu = &view->pus[view->places[worker]];
    const column all[MOST_CELLS] = {
        {"worker", "worker", worker},        {"package", "pack", pu->package},
        {"NUMA node", "NUMA", pu->numa},     {"core", "core", pu->core},
        {"hardware thread", "SMT", pu->smt}, {"OS number", "  OS", pu->os_index},
        {"kind", "kind", pu->kind}};
    memcpy(row, all, sizeof all);
    return view->kinds > 1 ? MOST_CELLS : MOST_CELLS - 1;
}

static bool has_room(const topo_view *view, unsigned columns)
{
    column row[MOST_CELLS];
    const unsigned count = row_of(view, 0, row);
    size_t width = 0;
    for (unsigned i = 0; i < count; i++)
        width += strlen(row[i].wide) + (i > 0 ? 2 : 0);
    return width <= columns;
}

static void print_row(const topo_view *view, unsigned worker, bool wide, bool heading)
{
    column row[MOST_CELLS];
    const unsigned count = row_of(view, worker, row);
    for (unsigned i = 0; i < count; i++) {
        const char *name = wide ? row[i].wide : row[i].narrow;
        fputs(i == 0 ? "" : wide ? "  " : " ", stdout);
        if (heading)
            fputs(name, stdout);
        else
            printf("%*u", (int)strlen(name), row[i].value);
    }
    putchar('\n');
}

static void print_table(const topo_view *view, bool all, unsigned columns)
{
    const bool cut = !all && view->workers > MAX_TABLE, wide = has_room(view, columns);
    putchar('\n');
    print_row(view, 0, wide, true);
    for (unsigned i = 0; i < view->workers; i++) {
        if (cut && i == TABLE_HEAD) {
            const unsigned next = view->workers - TABLE_TAIL;
            printf("   ...  %u more; --all shows them\n", next - i);
            i = next;
        }
        print_row(view, i, wide, false);
    }
}

void topo_print(const topo_view *view, bool all)
{
    char summary[TOPO_SUMMARY];
    const unsigned known = terminal_columns(STDOUT_FILENO);
    const unsigned columns = known > 0 ? known : DEFAULT_COLUMNS;
    terminal_print(stdout, topo_summary(view, summary), known, 2);
    print_placement(view, known);
    print_picture(view, columns);
    if (view->places != NULL)
        print_table(view, all, columns);
}
