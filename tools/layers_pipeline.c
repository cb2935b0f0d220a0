/* The ops of the demonstration; see layers_pipeline.h.
 *
 * Workers call them during a run.  They must never hold up a run that is stopping: the time that an
 * operation takes is slept in slices. */
#include "layers_pipeline.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "terminal.h"

#define SLICE_SECONDS 0.05
enum { SHOWN = 8 /* operands in a line */, ALL_DIGITS = 17, MANY_DIGITS = 6, FEW_DIGITS = 4 };

double layers_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_until(const weir_branch *b, double when)
{
    for (double left; (left = when - layers_now()) > 0 && !weir_stopping(b);) {
        if (left > SLICE_SECONDS)
            left = SLICE_SECONDS;
        const struct timespec pause = {0, (long)(left * 1e9)};
        nanosleep(&pause, NULL);
    }
}

/* Columns of UTF-8 text without wide characters. */
static unsigned columns_of(const char *text)
{
    unsigned columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* An operation's operands and its sum. */
typedef struct operation {
    const char *name;
    const double *operands;
    uint32_t n;
    double sum;
} operation;

static void format_operation(const operation *o, uint32_t shown, int digits, char *to, size_t room)
{
    size_t at = (size_t)snprintf(to, room, "%s: ", o->name);
    for (uint32_t i = 0; i < o->n && i < shown; i++)
        at += (size_t)snprintf(to + at, room - at, "%s%.*g", i == 0 ? "" : " + ", digits,
                               o->operands[i]);
    if (o->n > shown)
        at += (size_t)snprintf(to + at, room - at, " + … %u more", o->n - shown);
    snprintf(to + at, room - at, " = %.*g", digits, o->sum);
}

/* One line; on a terminal too narrow for it a second one, with fewer digits and operands if need
 * be. */
static void print_operation(const weir_branch *b, const operation *o, double began)
{
    const layers_demo *demo = weir_context(b);
    const unsigned known = demo->on_terminal ? terminal_columns(STDOUT_FILENO) : 0;
    const unsigned columns = known ? known : UINT_MAX;
    char head[64], tail[SHOWN * 32 + 128];
    const char *between = "  ";
    snprintf(head, sizeof head, "%8.3f s … %8.3f s  worker %2u", began - demo->began,
             layers_now() - demo->began, weir_worker(b));
    format_operation(o, SHOWN, ALL_DIGITS, tail, sizeof tail);
    if (columns_of(head) + 2 + columns_of(tail) > columns) {
        between = "\n    ";
        uint32_t shown = SHOWN;
        for (int digits = MANY_DIGITS; 4 + columns_of(tail) > columns && shown > 0;) {
            format_operation(o, shown, digits, tail, sizeof tail);
            digits > FEW_DIGITS ? digits-- : (int)shown--;
        }
    }
    printf("%s%s%s\n", head, between, tail);
}

/* The operation of a level: sums its operands, and takes its time. */
static double operate(weir_branch *b, uint32_t level, const double *operands, uint32_t n)
{
    layers_demo *demo = weir_context(b);
    const double began = layers_now();
    const unsigned now = 1 + atomic_fetch_add_explicit(&demo->running, 1, memory_order_relaxed);
    unsigned most = atomic_load_explicit(&demo->most_running, memory_order_relaxed);
    while (now > most &&
           !atomic_compare_exchange_weak_explicit(&demo->most_running, &most, now,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += operands[i];
    sleep_until(b, began + demo->seconds[level]);
    atomic_fetch_sub_explicit(&demo->running, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&demo->operations, 1, memory_order_relaxed);
    if (demo->print && !weir_stopping(b))
        print_operation(b, &(operation){demo->names[level], operands, n, sum}, began);
    return sum;
}

/* The top level passes 1, 2, 3, … times its data, the others a 2nd, 4th, 7th, 11th, … of it. */
static int pass_down(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const layers_in *from = in;
    const double k = (double)i + 1;
    (void)b;
    *(layers_in *)child_in = (layers_in){
        .data = from->level == 0 ? from->data * k : from->data / (1 + k * (k + 1) / 2),
        .level = from->level + 1,
    };
    return 0;
}

static int sum_up(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    *(double *)out = operate(b, ((const layers_in *)in)->level, results, n);
    return 0;
}

static int take_data(weir_branch *b, const void *in, void *out)
{
    const layers_in *leaf = in;
    *(double *)out = operate(b, leaf->level, &leaf->data, 1);
    return 0;
}

void layers_demo_init(layers_demo *demo)
{
    const bool default_seconds = demo->seconds[0] < 0;
    for (uint32_t i = 0; i < demo->depth; i++) {
        const bool leaf = i + 1 == demo->depth;
        demo->names[i][0] = (char)('A' + i);
        demo->names[i][1] = '\0';
        if (default_seconds)
            demo->seconds[i] = (double)(demo->depth - i);
        demo->layer[i] = (weir_layer){
            .name = demo->names[i],
            .in_bytes = sizeof(layers_in),
            .out_bytes = sizeof(double),
            .fanout = leaf ? 0 : demo->fanout,
            .child = leaf ? NULL : &demo->layer[i + 1],
            .split = leaf ? NULL : pass_down,
            .gather = leaf ? NULL : sum_up,
            .leaf = leaf ? take_data : NULL,
        };
    }
}
