/* A machine and a placement as text: a summary, a picture with a cell for each core, a table.
 *
 * topo.c calls it.  It must never be wider than the terminal, unless a single cell of the table is. */
#include "topo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

#define DEFAULT_COLUMNS 96
#define MAX_PER_ROW     16

/* A table of more workers is cut to so many at its beginning and its end, unless all are wanted. */
#define MAX_TABLE  64
#define TABLE_HEAD 24
#define TABLE_TAIL 8

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
    char name[TOPO_NAME], package[TOPO_PACKAGE], text[TOPO_NAME + TOPO_PACKAGE + 4];
    const int width = label_width(view);
    for (unsigned i = 0; i < view->group_count; i++) {
        const topo_group *group = &view->groups[i];
        topo_group_name(view, group, name);
        snprintf(text, sizeof text, "%s%s%s", topo_package_name(&view->pus[group->first], package),
                 name[0] != '\0' ? ", " : "", name);
        putchar('\n');
        terminal_print(stdout, text, columns, 2);
        print_group(view, group, width, columns);
    }
    putchar('\n');
    terminal_print(stdout,
                   view->placement.openmp_binds ? "Each cell is a core; on which of them a worker "
                                                  "is, OpenMP decides when it starts its threads."
                   : view->places == NULL       ? "Each cell is a core; no worker is bound to one."
                   : view->widest > 1
                       ? "Each cell is a core: the workers on its hardware threads, - for none."
                       : "Each cell is a core: the worker on it, - for none.",
                   columns, 2);
    if (topo_is_shared(view))
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
        {"worker", "worker", worker},
        {"package", "pack", pu->os_package != WEIR_NO_NUMBER ? pu->os_package : pu->package},
        {"NUMA node", "NUMA", pu->os_numa},
        {"core", "core", pu->core},
        {"hardware thread", "SMT", pu->smt},
        {"OS number", "  OS", pu->os_index},
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
        else if (row[i].value == WEIR_NO_NUMBER)
            printf("%*s", (int)strlen(name), "-");
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

static void print_line(const char *text, unsigned columns)
{
    if (text[0] != '\0')
        terminal_print(stdout, text, columns, 2);
}

void topo_print(const topo_view *view, bool all)
{
    char line[TOPO_LINE], text[TOPO_LINE + 32];
    const unsigned known = terminal_columns(STDOUT_FILENO);
    const unsigned columns = known > 0 ? known : DEFAULT_COLUMNS;
    print_line(view->machine.note, known);
    snprintf(text, sizeof text,
             "%s: ", view->synthetic != NULL ? "described machine" : "this machine");
    const size_t begun = strlen(text);
    topo_summary(view, line);
    snprintf(text + begun, sizeof text - begun, "%s", line);
    print_line(text, known);
    print_line(topo_memory(view, line), known);
    print_line(topo_share(view, line), known);
    print_line(topo_team(view, line), known);
    print_picture(view, columns);
    if (view->places != NULL)
        print_table(view, all, columns);
}
