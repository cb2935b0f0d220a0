/* Histograms and quantiles as they are shown: labels, ticks and marks of reports made up here.
 *
 * It must never compute a histogram: how it is counted is tested elsewhere. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "plot.h"
#include "plot_axis.h"
#include "plot_marks.h"

enum { MOST_BINS = 64, TEXT = 1 << 16 };

#define LEFT  76.0
#define RIGHT 812.0
#define FROM  8.0
#define TO    832.0

static stats_input input;
static stats_report report;
static stats_value edges[MOST_BINS + 1];
static uint64_t counts[MOST_BINS];
static stats_quantile quantiles[MARKS_MOST];
static char text[TEXT];

/* A report of values of this type in bins whose edges come next, one each. */
static void begin(char kind, unsigned char bytes)
{
    input = (stats_input){.path = "a.npy", .fd = -1, .array = {.dtype = {kind, bytes, false}}};
    input.array.dims = 1;
    report = (stats_report){.input = &input, .passes = 1, .quantiles = quantiles};
    report.histogram = (histogram){.edges = edges, .counts = counts};
    summary_clear(&report.summary);
}

static void set_bins(size_t bins, uint64_t each)
{
    report.histogram.bins = bins;
    report.summary.count = input.array.values = input.array.shape[0] = bins * each;
    for (size_t i = 0; i < bins; i++)
        counts[i] = each;
    report.min = edges[0];
    report.max = edges[bins];
    report.summary.min = (double)edges[0];
    report.summary.max = (double)edges[bins];
}

static void set_even(stats_value low, stats_value high, size_t bins)
{
    for (size_t i = 0; i <= bins; i++)
        edges[i] = (double)(low + (high - low) * (stats_value)i / (stats_value)bins);
    edges[bins] = high;
    set_bins(bins, 3);
}

static const char *shown(unsigned columns)
{
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    plot_text(file, &report, columns);
    fclose(file);
    return text;
}

static const char *drawn(void)
{
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    plot_svg_draw(file, &report);
    fclose(file);
    return text;
}

/* --- text ---------------------------------------------------------------------------------- */

static void rows_have_their_edges_with_equally_many_decimals(void **state)
{
    (void)state;
    begin('f', 8);
    set_even(0, 2, 4);
    edges[1] = 0.125;
    shown(80);
    assert_contains(text, "  0.000 to 0.125  3 ");
    assert_contains(text, "  0.125 to 1.000  3 ");
    assert_contains(text, "  1.500 to 2.000  3 ");
    edges[0] = -0.0;
    assert_contains(shown(80), "  0.000 to 0.125  3 ");
}

static void edges_without_a_plain_form_have_exponents(void **state)
{
    (void)state;
    begin('f', 8);
    set_even(0, 1e300, 2);
    shown(80);
    assert_contains(text, "       0 to 5e+299  3 ");
    assert_contains(text, "  5e+299 to 1e+300  3 ");
    set_even(0, 2e-323, 2);
    assert_contains(shown(80), "       0 to 1e-323  3 ");
}

/* What a double cannot tell apart. */
static void integers_keep_all_their_digits(void **state)
{
    (void)state;
    begin('u', 8);
    edges[0] = 18446744073709551612.0L;
    edges[1] = 18446744073709551613.0L;
    edges[2] = 18446744073709551616.0L;
    set_bins(2, 3);
    shown(80);
    assert_contains(text, "  18446744073709551612 to 18446744073709551613  3 ");
    assert_contains(text, "  18446744073709551613 to 18446744073709551616  3 ");
    report.histogram.per_value = true;
    shown(80);
    assert_contains(text, "  18446744073709551612  3 ");
    assert_null(strstr(text, " to "));
}

static void a_single_value_is_the_label_of_its_row(void **state)
{
    (void)state;
    begin('i', 8);
    edges[0] = 1699998378753662208;
    edges[1] = 1700001621246337792;
    set_bins(1, 5);
    report.min = report.max = 1700000000000000001;
    shown(80);
    assert_contains(text, "  1700000000000000001  5 ");
    assert_null(strstr(text, " to "));
}

static unsigned widest(const char *s)
{
    unsigned most = 0, used = 0;
    for (; *s; s++) {
        used = *s == '\n' ? 0 : used + 1;
        most = used > most ? used : most;
    }
    return most;
}

static void rows_fit_narrow_terminals(void **state)
{
    static const unsigned columns[] = {40, 50, 60, 80, 200};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        begin('i', 8);
        edges[0] = INT64_MIN;
        edges[1] = INT64_MIN + 1;
        edges[2] = INT64_MAX;
        set_bins(2, 123456789012);
        assert_in_range(widest(shown(columns[i])), 1, columns[i]);
        assert_contains(text, "-9223372036854775808");
        assert_contains(text, "-9223372036854775807");
        assert_contains(text, " 9223372036854775807");
        begin('f', 8);
        set_even(-1.7976931348623157e308, 1.7976931348623157e308, 3);
        assert_in_range(widest(shown(columns[i])), 1, columns[i]);
        assert_contains(text, "-1.7976931348623157e+308");
    }
}

static void approximate_counts_are_marked(void **state)
{
    (void)state;
    begin('f', 8);
    set_even(0, 1, 2);
    assert_null(strstr(shown(80), "~"));
    assert_null(strstr(drawn(), "approximate"));
    report.histogram.error = 0x1p-7;
    assert_contains(shown(80), "  0.0 to 0.5  ~3 ");
    assert_contains(drawn(), "values per bin (approximate)");
    assert_contains(text, "approximate: a value less than 0.782 % from an edge");
}

static void errors_are_never_said_smaller_than_they_are(void **state)
{
    char form[NUMBER_TEXT];
    (void)state;
    for (double error = 1e-9; error < 1; error *= 1.37) {
        const double said = strtod(stats_error_text(error, form), NULL) / 100;
        assert_true(said >= error * (1 - 1e-15) && said < error * 1.0101);
    }
}

/* --- ticks --------------------------------------------------------------------------------- */

static const svg_font font = {12, false};

/* Every label is where its value lies, inside the picture, and apart from its neighbours; the ticks
 * tell of the whole axis. */
static void assert_ticks(void)
{
    tick ticks[AXIS_MOST_TICKS];
    const axis a = axis_of(&report, LEFT, RIGHT, FROM, TO);
    const size_t count = axis_ticks(&a, &report, font, ticks);
    assert_in_range(count, stats_is_single(&report) ? 1 : 2, AXIS_MOST_TICKS);
    for (size_t i = 0; i < count; i++) {
        const tick *t = &ticks[i];
        const stats_value value = strtold(t->label, NULL);
        const double x = axis_place(&a, value), end_x = axis_place(&a, strtod(t->label, NULL));
        if (fabs(x - t->x) > 0.02 && fabs(end_x - t->x) > 0.02)
            fail_msg("%s is at %g, not %g", t->label, t->x, x);
        if (input.array.dtype.kind != 'f')
            assert_true(value == floorl(value) && strpbrk(t->label, ".e") == NULL);
        assert_true(t->x > LEFT - 0.02 && t->x < RIGHT + 0.02);
        assert_true(t->label_x - t->label_width / 2 >= FROM - 0.01);
        assert_true(t->label_x + t->label_width / 2 <= TO + 0.01);
        assert_true(fabs(t->label_x - t->x) <= t->label_width / 2);
        if (i > 0)
            assert_true(t->label_x - t->label_width / 2 >
                        t[-1].label_x + t[-1].label_width / 2 + 4);
    }
    if (!stats_is_single(&report) && ticks[count - 1].x - ticks[0].x < (RIGHT - LEFT) / 2)
        fail_msg("%zu ticks, from %s to %s", count, ticks[0].label, ticks[count - 1].label);
}

static uint64_t seed;

static double random_share(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

static void ticks_of_floats_are_exact_and_have_room(void **state)
{
    (void)state;
    seed = 1;
    for (int i = 0; i < 3000 / SLOW_BUILD; i++) {
        const double middle = (random_share() - 0.5) * pow(10, 600 * random_share() - 300);
        const double half = fabs(middle) * pow(10, 18 * random_share() - 15.5);
        begin('f', 8);
        set_even(middle - half, middle + half, 2);
        if (edges[0] < edges[1] && edges[1] < edges[2])
            assert_ticks();
    }
    begin('f', 8);
    set_even(-1.7976931348623157e308, 1.7976931348623157e308, 20);
    assert_ticks();
    set_even(0, 5e-324, 1);
    assert_ticks();
    set_even(5e-324, 1e-322, 2);
    assert_ticks();
}

static void ticks_of_integers_are_integers(void **state)
{
    (void)state;
    seed = 2;
    for (int i = 0; i < 3000 / SLOW_BUILD; i++) {
        const stats_value low = floorl(ldexpl(random_share() - 0.5, (int)(64 * random_share())));
        const stats_value width = 1 + floorl(ldexpl(random_share(), (int)(63 * random_share())));
        begin('i', 8);
        edges[0] = low;
        edges[1] = low + width;
        set_bins(1, 3);
        assert_ticks();
    }
    for (size_t bins = 1; bins <= 20; bins++) {
        begin('u', 8);
        for (size_t i = 0; i <= bins; i++)
            edges[i] = 18446744073709551616.0L - (stats_value)(bins - i);
        set_bins(bins, 3);
        report.max = edges[bins] - 1;
        report.histogram.per_value = true;
        assert_ticks();
    }
}

static void ticks_of_ratios_are_exact_and_have_room(void **state)
{
    (void)state;
    seed = 3;
    for (int i = 0; i < 3000 / SLOW_BUILD; i++) {
        begin(i % 2 ? 'f' : 'i', 8);
        report.histogram.logarithmic = true;
        edges[0] = i % 2 ? pow(10, 600 * random_share() - 300) : 1 + floor(1e6 * random_share());
        edges[1] = floorl(edges[0] * powl(10, 10 * random_share() * random_share())) + 1;
        set_bins(1, 3);
        assert_ticks();
    }
    begin('u', 8);
    report.histogram.logarithmic = true;
    edges[0] = 16741616199328219130.0L;
    edges[1] = 16741616199328219160.0L;
    edges[2] = 16741616199328219170.0L;
    set_bins(2, 3);
    assert_ticks();
    begin('i', 1); /* one positive value beside others that have no place */
    report.histogram.logarithmic = report.histogram.per_value = true;
    edges[0] = 52;
    edges[1] = 53;
    set_bins(1, 1);
    report.histogram.outside = 1;
    report.min = -111;
    report.max = 52;
    const axis one = axis_of(&report, LEFT, RIGHT, FROM, TO);
    assert_true(fabs(axis_place(&one, 52) - (LEFT + RIGHT) / 2) < 1e-9);
    begin('f', 8);
    report.histogram.logarithmic = true;
    edges[0] = 5e-324;
    edges[1] = 1.7976931348623157e308;
    set_bins(1, 3);
    assert_ticks();
}

/* --- marks --------------------------------------------------------------------------------- */

static void set_quantiles(size_t count, double error)
{
    for (size_t i = 0; i < count; i++) {
        const double q = count == 1 ? 0.5 : (double)i / (double)(count - 1);
        quantiles[i] = (stats_quantile){
            q, (double)(edges[0] + (edges[report.histogram.bins] - edges[0]) * q), error};
    }
    report.quantile_count = count;
}

static void marks_stay_inside_and_apart(void **state)
{
    static const stats_value ends[][2] = {
        {0, 1}, {-1e300, 1e300}, {0.1, 0.30000000000000004}, {1e18, 1.1e18}, {123456.7, 123456.8}};
    (void)state;
    for (size_t k = 0; k < 5; k++)
        for (size_t n = 1; n <= MARKS_MOST; n++) {
            mark marks[MARKS_MOST];
            begin('f', 8);
            set_even(ends[k][0], ends[k][1], 2);
            set_quantiles(n, 0);
            const axis a = axis_of(&report, LEFT, RIGHT, FROM, TO);
            const size_t count = marks_place(&a, &report, marks);
            assert_int_equal(count, n);
            for (size_t i = 0; i < count; i++) {
                const mark *m = &marks[i];
                assert_true(m->label_x - m->width / 2 >= FROM - 0.01);
                assert_true(m->label_x + m->width / 2 <= TO + 0.01);
                for (size_t j = 0; j < i; j++)
                    assert_true(m->row == MARKS_ROWS || marks[j].row != m->row ||
                                fabs(m->label_x - marks[j].label_x) >
                                    (m->width + marks[j].width) / 2);
            }
            assert_true(marks[0].row < MARKS_ROWS);
        }
}

static void equal_quantiles_have_one_label(void **state)
{
    mark marks[MARKS_MOST];
    (void)state;
    begin('i', 8);
    edges[0] = 9007199254740993;
    edges[1] = 9007199254740995;
    set_bins(1, 3);
    quantiles[0] = (stats_quantile){0.01, 9007199254740993, 0};
    quantiles[1] = (stats_quantile){0.5, 9007199254740993, 0};
    quantiles[2] = (stats_quantile){0.999, 9007199254740995, 0x1p-8};
    report.quantile_count = 3;
    const axis a = axis_of(&report, LEFT, RIGHT, FROM, TO);
    assert_int_equal(marks_place(&a, &report, marks), 2);
    assert_string_equal(marks[0].label, "1 % to 50 %: 9007199254740993");
    assert_true(marks[0].median);
    assert_string_equal(marks[1].label, "99.9 %: ~9007199254740995");
}

/* --- drawings ------------------------------------------------------------------------------ */

static void bars_of_single_integers_stand_over_their_ticks(void **state)
{
    (void)state;
    begin('i', 4);
    for (size_t i = 0; i <= 4; i++)
        edges[i] = (stats_value)i + 2001;
    set_bins(4, 3);
    report.max = 2004;
    report.histogram.per_value = true;
    const axis a = axis_of(&report, LEFT, RIGHT, FROM, TO);
    const double width = (RIGHT - LEFT) / 4;
    for (int i = 0; i < 4; i++)
        assert_true(fabs(axis_place(&a, 2001 + i) - (LEFT + width * (i + 0.5))) < 1e-9);
    assert_contains(drawn(), ">2001</text>");
    assert_contains(text, ">2004</text>");
    assert_null(strstr(text, ">2005</text>"));
}

/* Half of 1 has no place in 64 bits there. */
static void bars_of_the_greatest_integers_fill_the_axis(void **state)
{
    (void)state;
    begin('u', 8);
    for (size_t i = 0; i <= 4; i++)
        edges[i] = 18446744073709551612.0L + (stats_value)i;
    set_bins(4, 3);
    report.max = 18446744073709551615.0L;
    report.histogram.per_value = true;
    const char *bar = strstr(drawn(), "class=\"bar\"");
    assert_non_null(bar);
    for (int i = 0; i < 4; i++) {
        char start[32];
        snprintf(start, sizeof start, "M%.2f ", LEFT + 0.5 + i * (RIGHT - LEFT) / 4);
        assert_contains(bar, start);
    }
}

static void names_are_cut_to_the_picture_and_stay_xml(void **state)
{
    char name[4096];
    (void)state;
    begin('f', 8);
    set_even(0, 1, 2);
    memset(name, 'W', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    input.path = name;
    drawn();
    assert_contains(text, "WW…</text>");
    const size_t shown_letters = strspn(strchr(strstr(text, "\"title\""), '>') + 1, "W");
    assert_in_range(shown_letters, 20, 50);
    input.path = "a<b>&\033\xff\xc3\xa9\xe6\x95\xb0.npy";
    assert_contains(drawn(), "a&lt;b&gt;&amp;\\x1b\\xff\xc3\xa9\xe6\x95\xb0.npy</text>");
}

static void nothing_to_show_is_said(void **state)
{
    (void)state;
    begin('f', 8);
    assert_contains(drawn(), "no values to show");
    assert_contains(text, "</svg>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_their_edges_with_equally_many_decimals),
        cmocka_unit_test(edges_without_a_plain_form_have_exponents),
        cmocka_unit_test(integers_keep_all_their_digits),
        cmocka_unit_test(a_single_value_is_the_label_of_its_row),
        cmocka_unit_test(rows_fit_narrow_terminals),
        cmocka_unit_test(approximate_counts_are_marked),
        cmocka_unit_test(errors_are_never_said_smaller_than_they_are),
        cmocka_unit_test(ticks_of_floats_are_exact_and_have_room),
        cmocka_unit_test(ticks_of_integers_are_integers),
        cmocka_unit_test(ticks_of_ratios_are_exact_and_have_room),
        cmocka_unit_test(marks_stay_inside_and_apart),
        cmocka_unit_test(equal_quantiles_have_one_label),
        cmocka_unit_test(bars_of_single_integers_stand_over_their_ticks),
        cmocka_unit_test(bars_of_the_greatest_integers_fill_the_axis),
        cmocka_unit_test(names_are_cut_to_the_picture_and_stay_xml),
        cmocka_unit_test(nothing_to_show_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
