/* The histogram as an SVG file: bars, axes, and where the quantiles lie.
 *
 * stats.c calls it, before the run to see that it can be written and after it to write it.  It
 * must never leave half a picture under the name that was asked for, and needs nothing from
 * outside the file: no fonts, no style sheets, no scripts. */
#include "plot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "svg.h"
#include "tool.h"

/* The picture, and in it the rectangle of the bars, in pixels. */
#define WIDTH  840
#define HEIGHT 460
#define LEFT   76
#define RIGHT  812
#define TOP    116
#define BOTTOM 408

typedef struct canvas {
    FILE *file;
    const stats_report *report;
    double low, high; /* of the value axis */
    double most;      /* of the count axis */
    bool logarithmic;
} canvas;

static double place_x(const canvas *c, double value)
{
    double share = c->logarithmic ? (log(value) - log(c->low)) / (log(c->high) - log(c->low))
                                  : (value / 2 - c->low / 2) / (c->high / 2 - c->low / 2);
    return LEFT + share * (RIGHT - LEFT);
}

static double place_y(const canvas *c, double count)
{
    return BOTTOM - count / c->most * (BOTTOM - TOP);
}

/* --- axes -------------------------------------------------------------------------------- */

static void draw_value_tick(const canvas *c, double value, int digits)
{
    double x = place_x(c, value);
    fprintf(c->file,
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"axis\"/>"
            "<text x=\"%.1f\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">%.*g</text>\n",
            x, BOTTOM, x, BOTTOM + 5, x, BOTTOM + 20, digits, value);
}

static void draw_linear_ticks(const canvas *c)
{
    double width = c->high / 8 - c->low / 8; /* of an eighth: cannot overflow */
    double step = svg_nice_step(width * 8 > 0 && isfinite(width * 8) ? width * 8 : width, 8);
    if (!(step > 0) || !isfinite(step))
        return;
    double size = fmax(fabs(c->low), fabs(c->high));
    int digits = (int)ceil(log10(size / step)) + 1;
    digits = digits < 6 ? 6 : digits > 15 ? 15 : digits;
    double first = ceil(c->low / step);
    for (int i = 0; i < 20 && (first + i) * step <= c->high; i++)
        draw_value_tick(c, (first + i) * step, digits);
}

/* Powers of ten, thinned to at most about ten; within less than three decades 2 and 5 as well. */
static void draw_log_ticks(const canvas *c)
{
    static const double leads[] = {1, 2, 5};
    int from = (int)floor(log10(c->low)), to = (int)ceil(log10(c->high));
    int every = (to - from + 9) / 10;
    size_t used = to - from <= 3 ? 3 : 1;
    int drawn = 0;
    for (int power = from; power <= to; power += every > 0 ? every : 1)
        for (size_t i = 0; i < used; i++) {
            double value = leads[i] * pow(10, power);
            if (value < c->low || value > c->high)
                continue;
            draw_value_tick(c, value, 6);
            drawn++;
        }
    if (drawn < 2) {
        draw_value_tick(c, c->low, 4);
        draw_value_tick(c, c->high, 4);
    }
}

static const char *count_text(double count, char text[32])
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t unit = 0;
    while (count >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        count /= 1000;
        unit++;
    }
    snprintf(text, 32, "%.3g%s", count, units[unit]);
    return text;
}

static void draw_count_axis(const canvas *c)
{
    double step = svg_nice_step(c->most, 5);
    step = step < 1 ? 1 : step;
    for (double count = 0; count <= c->most * (1 + 1e-9); count += step) {
        char text[32];
        double y = place_y(c, count);
        fprintf(c->file,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>"
                "<text x=\"%d\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">%s</text>\n",
                LEFT, y, RIGHT, y, LEFT - 8, y + 4, count_text(count, text));
    }
    fprintf(c->file,
            "<text x=\"20\" y=\"%d\" class=\"tick\" text-anchor=\"middle\" "
            "transform=\"rotate(-90 20 %d)\">values per bin</text>\n",
            (TOP + BOTTOM) / 2, (TOP + BOTTOM) / 2);
}

static void draw_value_axis(const canvas *c)
{
    fprintf(c->file, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"axis\"/>\n", LEFT,
            BOTTOM, RIGHT, BOTTOM);
    if (c->logarithmic)
        draw_log_ticks(c);
    else
        draw_linear_ticks(c);
    fprintf(c->file,
            "<text x=\"%d\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">value%s</text>\n",
            (LEFT + RIGHT) / 2, HEIGHT - 10, c->logarithmic ? " (logarithmic)" : "");
}

/* --- data -------------------------------------------------------------------------------- */

/* One path for all bars: 100 000 of them must not become 100 000 elements. */
static void draw_bars(const canvas *c)
{
    const histogram *h = &c->report->histogram;
    double gap = h->bins <= 120 ? 1 : 0;
    fprintf(c->file, "<path class=\"bar\" d=\"");
    for (size_t i = 0; i < h->bins; i++) {
        double half = h->per_value ? 0.5 : 0; /* a value's bar is centred on it */
        double left = place_x(c, (double)h->edges[i] - half);
        double right = place_x(c, (double)h->edges[i + 1] - half);
        if (h->counts[i] == 0)
            continue;
        double height = BOTTOM - place_y(c, (double)h->counts[i]);
        height = height < 0.7 ? 0.7 : height; /* few is not none */
        fprintf(c->file, "M%.2f %dv%.2fh%.2fv%.2fz", left + gap / 2, BOTTOM, -height,
                fmax(right - left - gap, 0.3), height);
    }
    fputs("\"/>\n", c->file);
}

enum { MARKS = 5, ROWS = 2 };

typedef struct mark {
    char label[40];
    double x, width; /* of the line, and of the label about it */
    int row;         /* of the label above the bars; ROWS: there is no room for it */
    bool median;
} mark;

static bool labels_touch(const mark *a, const mark *b)
{
    return a->row == b->row && a->row < ROWS && fabs(a->x - b->x) < (a->width + b->width) / 2;
}

/* NaN if it was not asked for. */
static stats_value quantile_at(const stats_report *report, double fraction)
{
    for (size_t i = 0; i < report->quantile_count; i++)
        if (report->quantiles[i].fraction == fraction)
            return report->quantiles[i].value;
    return (stats_value)NAN;
}

/* A label that would touch another is raised to the second row, and left out if that is taken as
 * well. The median comes first, then the outer ones. Returns how many lie on the axis. */
static size_t place_marks(const canvas *c, mark marks[MARKS])
{
    static const double order[MARKS] = {0.5, 0.05, 0.95, 0.25, 0.75};
    size_t used = 0;
    for (size_t k = 0; k < MARKS; k++) {
        double value = (double)quantile_at(c->report, order[k]);
        if (!(value >= c->low) || !(value <= c->high))
            continue;
        mark *m = &marks[used];
        *m = (mark){.x = place_x(c, value), .median = order[k] == 0.5};
        int length =
            snprintf(m->label, sizeof m->label, "%g %%: %.4g", 100 * order[k], value + 0.0);
        m->width = 6.1 * length + 4; /* of a character of 11 pixels' height, about */
        for (size_t i = 0; i < used;)
            if (labels_touch(m, &marks[i])) {
                m->row++;
                i = 0;
            } else {
                i++;
            }
        used++;
    }
    return used;
}

/* From its label down; from below the first row if a label there is in the way. */
static void draw_mark(const canvas *c, const mark *m, const mark *all, size_t n)
{
    int top = m->row == 1 ? TOP - 22 : TOP - 6;
    for (size_t i = 0; i < n; i++)
        if (&all[i] != m && all[i].row == 0 && fabs(all[i].x - m->x) < all[i].width / 2)
            top = TOP - 6;
    fprintf(c->file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"%s\"/>\n", m->x,
            top, m->x, BOTTOM, m->median ? "median" : "mark");
    if (m->row < ROWS)
        fprintf(c->file,
                "<text x=\"%.1f\" y=\"%d\" class=\"%s\" text-anchor=\"middle\">%s</text>\n",
                fmin(fmax(m->x, LEFT + 20), RIGHT - 30), m->row == 1 ? TOP - 27 : TOP - 11,
                m->median ? "median-text" : "mark-text", m->label);
}

static void draw_quantiles(const canvas *c)
{
    mark marks[MARKS];
    size_t used = place_marks(c, marks);
    for (size_t i = 0; i < used; i++)
        draw_mark(c, &marks[i], marks, used);
}

static void draw_title(const canvas *c)
{
    const stats_report *r = c->report;
    const summary *s = &r->summary;
    char shape[96], type[32];
    const char *name = strrchr(r->input->path, '/');
    fprintf(c->file, "<text x=\"%d\" y=\"32\" class=\"title\">", LEFT);
    svg_text(c->file, name ? name + 1 : r->input->path);
    fprintf(c->file, "</text>\n<text x=\"%d\" y=\"52\" class=\"tick\">%s, %s", LEFT,
            npy_dtype_name(r->input->array.dtype, type),
            stats_shape_text(&r->input->array, shape, sizeof shape));
    if (s->count)
        fprintf(c->file, "; mean %.6g, standard deviation %.6g, from %.6g to %.6g", summary_mean(s),
                summary_deviation(s), s->min + 0.0, s->max + 0.0);
    uint64_t others = s->nan + s->positive_infinity + s->negative_infinity;
    if (others)
        fprintf(c->file, "; %" PRIu64 " not finite", others);
    if (r->histogram.outside)
        fprintf(c->file, "; %" PRIu64 " not positive, not shown", r->histogram.outside);
    fputs("</text>\n", c->file);
}

static void draw(FILE *file, const stats_report *report)
{
    const histogram *h = &report->histogram;
    canvas c = {.file = file, .report = report, .logarithmic = h->logarithmic, .most = 1};
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
            "<style>.title{font-size:18px;font-weight:600;fill:#1f2933}"
            ".tick{font-size:12px;fill:#52606d}.grid{stroke:#e4e7eb}.axis{stroke:#7b8794}"
            ".bar{fill:#5b8db8}.mark{stroke:#243b53;stroke-dasharray:3 3}"
            ".median{stroke:#c2410c;stroke-width:1.5}"
            ".mark-text,.median-text{font-size:11px;fill:#52606d}"
            ".median-text{font-weight:600;fill:#c2410c}</style>\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_title(&c);
    if (h->bins) {
        c.low = (double)h->edges[0] - (h->per_value ? 0.5 : 0);
        c.high = (double)h->edges[h->bins] - (h->per_value ? 0.5 : 0);
        for (size_t i = 0; i < h->bins; i++)
            c.most = fmax(c.most, (double)h->counts[i]);
        draw_count_axis(&c);
        draw_bars(&c);
        draw_value_axis(&c);
        draw_quantiles(&c);
    } else {
        fprintf(file,
                "<text x=\"%d\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">no values to "
                "show</text>\n",
                WIDTH / 2, HEIGHT / 2);
    }
    fputs("</svg>\n", file);
}

/* --- the file ------------------------------------------------------------------------------ */

static int refuse(const char *path, int error)
{
    tool_error("--plot %s: %s", path, strerror(error));
    return TOOL_FAILED;
}

/* Something that is not a file, like /dev/stdout, is written in place. */
static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static bool temporary_name(const char *path, char name[PATH_MAX])
{
    int n = snprintf(name, PATH_MAX, "%s.%ld.part", path, (long)getpid());
    return n > 0 && n < PATH_MAX;
}

int plot_svg_check(const char *path)
{
    char name[PATH_MAX];
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return refuse(path, EISDIR);
    if (is_special(path))
        return TOOL_OK;
    if (!temporary_name(path, name))
        return refuse(path, ENAMETOOLONG);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return refuse(path, errno);
    close(fd);
    unlink(name);
    return TOOL_OK;
}

int plot_svg(const char *path, const stats_report *report)
{
    char name[PATH_MAX];
    bool special = is_special(path);
    if (!special && !temporary_name(path, name))
        return refuse(path, ENAMETOOLONG);
    int fd = special ? open(path, O_WRONLY | O_CLOEXEC)
                     : open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        return refuse(path, errno);
    interrupt_remove(special ? NULL : name);
    draw(file, report);
    errno = 0;
    int failed = ferror(file);
    failed |= fclose(file);
    const bool placed = !failed && !tool_interrupted() && (special || rename(name, path) == 0);
    int error = errno;
    if (!placed && !special)
        unlink(name);
    interrupt_remove(NULL);
    if (placed)
        return TOOL_OK;
    if (tool_interrupted())
        return TOOL_INTERRUPTED;
    return refuse(path, error ? error : EIO);
}
