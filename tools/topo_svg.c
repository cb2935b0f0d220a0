/* A machine and a placement as an SVG file: packages, groups of cores, cores, hardware threads.
 *
 * topo.c calls it.  It must never need anything from outside of the file: no fonts, no style
 * sheets, no scripts. */
#include "topo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "svg.h"

/* Sizes in pixels. */
#define THREAD_WIDTH  32
#define THREAD_HEIGHT 24
#define THREAD_GAP    2
#define THREADS_A_ROW 4
#define CORE_PADDING  3
#define CORE_HEADING  11
#define GAP           6
#define BOX_PADDING   12
#define BOX_HEADING   24
#define MARGIN        20
#define TITLE_HEIGHT  66
#define LINE_HEIGHT   22
#define LEGEND_HEIGHT (6 * LINE_HEIGHT + 18)
#define MIN_WIDTH     480
#define MOST_WORDS    900
#define MIN_PACKAGE   120

#define SCALE_WIDTH 120u
#define SCALE_STEPS 60u

#define ASPECT 1.6 /* wanted width by height */

#define INK   "#1f2933"
#define FAINT "#6b7785"
#define IDLE  "#e4e9ee"
#define FONT  "font-family=\"DejaVu Sans, Verdana, Arial, sans-serif\""

static const svg_font title_font = {17, true}, text_font = {12, false}, name_font = {11, false};

typedef struct size {
    unsigned width, height;
} size;

typedef struct grid {
    unsigned columns, rows;
} grid;

typedef struct drawing {
    FILE *file;
    const topo_view *view;
    size core, group, package; /* the largest of each */
    unsigned room;             /* for a line of text, between the margins */
} drawing;

static size grid_size(grid g, size box)
{
    return (size){g.columns * (box.width + GAP) - GAP, g.rows * (box.height + GAP) - GAP};
}

/* Lays `count` boxes into the grid whose shape comes nearest to ASPECT, with no more empty places in
 * its last row than need be. Many boxes are counted more easily in rows of 4, 8, 16. */
static grid fit(unsigned count, size box)
{
    grid best = {1, count};
    double least = INFINITY;
    for (unsigned columns = count < 16 ? 1 : 4; columns <= count;
         columns = count < 16 ? columns + 1 : columns * 2) {
        const unsigned rows = (count + columns - 1) / columns;
        const grid g = {(count + rows - 1) / rows, rows};
        const size s = grid_size(g, box);
        const double off = fabs(log((double)s.width / s.height / ASPECT));
        if (off < least) {
            least = off;
            best = g;
        }
    }
    return best;
}

static size core_size(unsigned threads)
{
    const unsigned columns = threads < THREADS_A_ROW ? threads : THREADS_A_ROW;
    const unsigned rows = (threads + THREADS_A_ROW - 1) / THREADS_A_ROW;
    return (size){columns * (THREAD_WIDTH + THREAD_GAP) - THREAD_GAP + 2 * CORE_PADDING,
                  rows * (THREAD_HEIGHT + THREAD_GAP) - THREAD_GAP + CORE_HEADING + CORE_PADDING};
}

/* A group without a name has no box of its own: its cores stand in the package. */
static size group_size(const drawing *d, const topo_group *group)
{
    size s = grid_size(fit(group->cores, d->core), d->core);
    char name[TOPO_NAME];
    if (topo_group_name(d->view, group, name)[0] != '\0') {
        const unsigned least = (unsigned)ceil(svg_width(name, name_font));
        s.width = (s.width > least ? s.width : least) + 2 * BOX_PADDING;
        s.height += BOX_HEADING + BOX_PADDING;
    }
    return s;
}

/* The groups of the package that begins with group `from`. */
static unsigned groups_of_package(const topo_view *view, unsigned from)
{
    const unsigned package = view->pus[view->groups[from].first].package;
    unsigned end = from + 1;
    while (end < view->group_count && view->pus[view->groups[end].first].package == package)
        end++;
    return end - from;
}

static size package_size(const drawing *d, unsigned groups)
{
    const size s = grid_size(fit(groups, d->group), d->group);
    const unsigned width = s.width + 2 * BOX_PADDING;
    return (size){width > MIN_PACKAGE ? width : MIN_PACKAGE, s.height + BOX_HEADING + BOX_PADDING};
}

static size larger(size a, size b)
{
    return (size){a.width > b.width ? a.width : b.width, a.height > b.height ? a.height : b.height};
}

static void measure(drawing *d)
{
    const topo_view *view = d->view;
    d->core = core_size(view->widest);
    for (unsigned i = 0; i < view->group_count; i++)
        d->group = larger(d->group, group_size(d, &view->groups[i]));
    for (unsigned i = 0; i < view->group_count;) {
        const unsigned groups = groups_of_package(view, i);
        d->package = larger(d->package, package_size(d, groups));
        i += groups;
    }
}

static void draw_box(FILE *file, unsigned x, unsigned y, size s, const char *fill,
                     const char *stroke, unsigned radius)
{
    fprintf(file,
            "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"%u\" fill=\"%s\" "
            "stroke=\"%s\"/>\n",
            x, y, s.width, s.height, radius, fill, stroke);
}

/* The lowest worker of a hardware thread gives it its colour. The first one's goes over into the last one's:
 * neighbours in number look alike. */
static void worker_colour(unsigned worker, unsigned workers, unsigned rgb[3])
{
    static const double stops[4][3] = {
        {38, 70, 120}, {42, 130, 150}, {110, 185, 120}, {250, 205, 80}};
    const double share = workers > 1 ? (double)worker / (workers - 1) : 0;
    const double at = share < 1 ? 3 * share : 3;
    const unsigned i = at >= 3 ? 2 : (unsigned)at;
    for (unsigned c = 0; c < 3; c++)
        rgb[c] = (unsigned)(stops[i][c] + (at - i) * (stops[i + 1][c] - stops[i][c]) + 0.5);
}

/* How many workers are the lowest of a hardware thread. */
static unsigned coloured_workers(const topo_view *view)
{
    return view->workers < view->count ? view->workers : view->count;
}

static void draw_thread(const drawing *d, unsigned pu, unsigned x, unsigned y, unsigned width)
{
    const topo_view *view = d->view;
    const weir_pu *p = &view->pus[pu];
    char text[TOPO_LABEL], package[TOPO_PACKAGE], node[TOPO_NODE], colour[8] = IDLE;
    unsigned rgb[3] = {0};
    topo_label(view, pu, text);
    if (view->load[pu] > 0) {
        worker_colour(view->first[pu], coloured_workers(view), rgb);
        snprintf(colour, sizeof colour, "#%02x%02x%02x", rgb[0] & 255, rgb[1] & 255, rgb[2] & 255);
    }
    fprintf(d->file, "<g><title>%s%s: %s, %s, core %u, hardware thread %u, OS number %u</title>\n",
            view->load[pu] == 0 ? "no worker" : "worker ", view->load[pu] == 0 ? "" : text,
            topo_package_name(p, package), topo_node_name(p, node), p->core, p->smt, p->os_index);
    draw_box(d->file, x, y, (size){width, THREAD_HEIGHT}, colour, "none", 2);
    if (view->load[pu] > 0) {
        const bool dark = 299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] < 140000;
        const double fits = (width - 4) / svg_width(text, (svg_font){1, false});
        fprintf(d->file,
                "<text x=\"%.1f\" y=\"%u\" font-size=\"%.1f\" text-anchor=\"middle\" "
                "fill=\"%s\">%s</text>\n",
                x + width / 2.0, y + THREAD_HEIGHT / 2 + 4, fits < 12 ? fits : 12,
                dark ? "#ffffff" : INK, text);
    }
    fputs("</g>\n", d->file);
}

/* Draws the core that begins at pus[first]; one with fewer hardware threads than the widest has
 * wider ones. */
static void draw_core(const drawing *d, unsigned first, unsigned x, unsigned y)
{
    const unsigned threads = topo_core_width(d->view, first);
    const unsigned columns = threads < THREADS_A_ROW ? threads : THREADS_A_ROW;
    const unsigned inner = d->core.width - 2 * CORE_PADDING;
    const unsigned width = (inner - (columns - 1) * THREAD_GAP) / columns;
    draw_box(d->file, x, y, d->core, "#ffffff", "#b9c3cd", 4);
    fprintf(d->file, "<text x=\"%u\" y=\"%u\" font-size=\"8\" fill=\"%s\">%u</text>\n",
            x + CORE_PADDING + 1, y + CORE_HEADING - 2, FAINT, d->view->pus[first].core);
    for (unsigned i = 0; i < threads; i++)
        draw_thread(d, first + i, x + CORE_PADDING + i % columns * (width + THREAD_GAP),
                    y + CORE_HEADING + i / columns * (THREAD_HEIGHT + THREAD_GAP), width);
}

static void draw_group(const drawing *d, const topo_group *group, unsigned x, unsigned y)
{
    char name[TOPO_NAME];
    if (topo_group_name(d->view, group, name)[0] != '\0') {
        const size s = group_size(d, group);
        draw_box(d->file, x, y, s, "#f7f9fb", "#9fb0c0", 6);
        fprintf(d->file, "<text x=\"%u\" y=\"%u\" font-size=\"11\" fill=\"%s\">%s</text>\n",
                x + BOX_PADDING, y + 16, INK, name);
        x += BOX_PADDING;
        y += BOX_HEADING;
    }
    const grid g = fit(group->cores, d->core);
    unsigned pu = group->first;
    for (unsigned i = 0; i < group->cores; i++) {
        draw_core(d, pu, x + i % g.columns * (d->core.width + GAP),
                  y + i / g.columns * (d->core.height + GAP));
        pu += topo_core_width(d->view, pu);
    }
}

static void draw_package(const drawing *d, unsigned from, unsigned groups, unsigned x, unsigned y)
{
    const grid g = fit(groups, d->group);
    char name[TOPO_PACKAGE];
    draw_box(d->file, x, y, d->package, "#e9eef3", "#7d90a3", 8);
    fprintf(d->file,
            "<text x=\"%u\" y=\"%u\" font-size=\"13\" font-weight=\"bold\" fill=\"%s\">%s</text>\n",
            x + BOX_PADDING, y + 17, INK,
            topo_package_name(&d->view->pus[d->view->groups[from].first], name));
    for (unsigned i = 0; i < groups; i++)
        draw_group(d, &d->view->groups[from + i],
                   x + BOX_PADDING + i % g.columns * (d->group.width + GAP),
                   y + BOX_HEADING + i / g.columns * (d->group.height + GAP));
}

static void draw_title(const drawing *d)
{
    const topo_view *view = d->view;
    char line[TOPO_LINE];
    fprintf(d->file, "<text x=\"%d\" y=\"34\" font-size=\"17\" font-weight=\"bold\" fill=\"%s\">",
            MARGIN, INK);
    svg_text_within(d->file, view->synthetic != NULL ? view->synthetic : "This machine", title_font,
                    d->room);
    fprintf(d->file, "</text>\n<text x=\"%d\" y=\"54\" font-size=\"12\" fill=\"%s\">", MARGIN,
            FAINT);
    svg_text_within(d->file, topo_summary(view, line), text_font, d->room);
    fputs("</text>\n", d->file);
}

static void draw_note(const drawing *d, unsigned x, unsigned y, const char *text)
{
    fprintf(d->file, "<text x=\"%u\" y=\"%u\" font-size=\"12\" fill=\"%s\">%s</text>\n", x, y, INK,
            text);
}

/* The colours of the workers from the first to the last that gives one. */
static void draw_scale(const drawing *d, unsigned y)
{
    const unsigned workers = coloured_workers(d->view);
    const unsigned steps = workers < SCALE_STEPS ? workers : SCALE_STEPS;
    const unsigned step = workers > 1 ? SCALE_WIDTH / steps : THREAD_WIDTH;
    unsigned rgb[3], x = MARGIN + 68;
    char text[16] = "";
    draw_note(d, MARGIN, y + 12, "worker 0");
    for (unsigned i = 0; i < steps; i++, x += step) {
        worker_colour(i, steps, rgb);
        fprintf(d->file,
                "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"15\" fill=\"#%02x%02x%02x\"/>\n", x,
                y, step, rgb[0], rgb[1], rgb[2]);
    }
    if (workers > 1)
        snprintf(text, sizeof text, "%u", workers - 1);
    draw_note(d, x + 8, y + 12, text);
    x += workers > 1 ? 64 : 24;
    draw_box(d->file, x, y, (size){THREAD_WIDTH, 15}, IDLE, "none", 2);
    draw_note(d, x + THREAD_WIDTH + 8, y + 12, "no worker");
}

/* A line of the legend, if there is something in it; returns where the next one goes. */
static unsigned draw_line(const drawing *d, unsigned y, const char *text)
{
    if (text[0] == '\0')
        return y;
    fprintf(d->file, "<text x=\"%u\" y=\"%u\" font-size=\"12\" fill=\"%s\">", MARGIN, y + 12, INK);
    svg_text_within(d->file, text, text_font, d->room);
    fputs("</text>\n", d->file);
    return y + LINE_HEIGHT;
}

static void draw_legend(const drawing *d, unsigned y)
{
    const topo_view *view = d->view;
    char text[TOPO_LINE];
    if (view->places != NULL) {
        draw_scale(d, y);
        y += LINE_HEIGHT;
    }
    y = draw_line(d, y, topo_team(view, text));
    y = draw_line(d, y, topo_share(view, text));
    y = draw_line(d, y, topo_memory(view, text));
    y = draw_line(d, y, view->machine.note);
    snprintf(text, sizeof text, "small number: core%s",
             topo_is_shared(view) ? "; 7+2: worker 7 and two more" : "");
    draw_line(d, y, text);
}

/* The lines of words have room, up to a width that a page has. */
static unsigned room_for(const topo_view *view, unsigned picture)
{
    static const char *(*const lines[])(const topo_view *, char *) = {topo_summary, topo_memory,
                                                                      topo_share, topo_team};
    char text[TOPO_LINE];
    double width = svg_width(view->machine.note, text_font);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        width = fmax(width, svg_width(lines[i](view, text), text_font));
    width = fmax(fmin(width, MOST_WORDS), MIN_WIDTH);
    return picture > width ? picture : (unsigned)ceil(width);
}

static void draw(drawing *d)
{
    const topo_view *view = d->view;
    measure(d);
    const grid g = fit(view->packages, d->package);
    const size all = grid_size(g, d->package);
    d->room = room_for(view, all.width);
    const unsigned width = d->room + 2 * MARGIN;
    const unsigned height = TITLE_HEIGHT + all.height + LEGEND_HEIGHT;
    fprintf(d->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
            "viewBox=\"0 0 %u %u\" " FONT ">\n"
            "<title>Packages, cores and hardware threads, and the workers on them</title>\n"
            "<rect width=\"%u\" height=\"%u\" fill=\"#ffffff\"/>\n",
            width, height, width, height, width, height);
    draw_title(d);
    for (unsigned from = 0, i = 0; from < view->group_count; i++) {
        const unsigned groups = groups_of_package(view, from);
        draw_package(d, from, groups, MARGIN + i % g.columns * (d->package.width + GAP),
                     TITLE_HEIGHT + i / g.columns * (d->package.height + GAP));
        from += groups;
    }
    draw_legend(d, TITLE_HEIGHT + all.height + 10);
    fputs("</svg>\n", d->file);
}

void topo_draw(const topo_view *view, FILE *file)
{
    drawing d = {.file = file, .view = view};
    draw(&d);
}
