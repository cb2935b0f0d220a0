/* Tests that results are the same to the last bit for every number of workers and every limit.
 *
 * Run by ctest; the sums are of doubles of very different size, so that another order of the
 * operands gives another result.  It must never compare with a tolerance. */
#include "support.h"

#include <math.h>

enum { FANOUT = 5, HEIGHT = 5, REPEATS = 20 };

typedef struct node {
    double x;
    uint32_t height, index;
} node;

static int count_children(weir_branch *b, void *in, uint32_t *n)
{
    const node *p = in;
    (void)b;
    /* Branches differ in size, so that workers meet at different places each time. */
    *n = p->height == 0 ? 0 : 1 + (p->height * 7 + p->index) % FANOUT;
    return 0;
}

static node child_of(const node *p, uint32_t i)
{
    return (node){.x = p->x * (i % 2 == 0 ? 1e3 : -1e-3) + i,
                  .height = p->height - 1,
                  .index = p->index * FANOUT + i};
}

static int split_node(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b;
    *(node *)child = child_of(in, i);
    return 0;
}

static double fold(double sum, double result)
{
    return (sum + result) * 0.9999 + 1.0 / (1.0 + fabs(result));
}

static int gather_nodes(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    double sum = ((const node *)in)->x;
    (void)b;
    for (uint32_t i = 0; i < n; i++)
        sum = fold(sum, ((const double *)results)[i]);
    *(double *)out = sum;
    return 0;
}

/* Leaves of different length, so that parts end in different orders. */
static int compute_leaf(weir_branch *b, const void *in, void *out)
{
    const node *p = in;
    double x = p->x;
    (void)b;
    for (uint32_t i = 0; i < 10 + p->index % 13 * 20; i++)
        x = x * 0.999 + 1e-3;
    *(double *)out = x;
    return 0;
}

static const unsigned worker_counts[] = {1, 2, 3, 8};

typedef struct runs {
    const weir_plan *plan;
    const node *in;
    size_t n;
    const double *right;
} runs;

static void run_repeatedly(const runs *r, unsigned workers, size_t in_flight, size_t max_bytes)
{
    double out[8];
    weir_engine *engine = open_engine(workers, in_flight, max_bytes);
    uint64_t promotions = 0;
    unsigned came = 0;
    for (int repeat = 0; repeat < (SLOW_BUILD > 1 ? 3 : REPEATS); repeat++) {
        memset(out, 0xEE, sizeof out);
        assert_ok(weir_run_many(engine, r->plan, NULL, r->n, r->in, out));
        assert_memory_equal(out, r->right, r->n * sizeof *out);
        assert_stats_hold(engine, r->plan, r->n > 1);
        weir_stats s;
        weir_engine_stats(engine, &s);
        promotions += s.promotions;
        came = s.workers;
    }
    if (came > 1 && max_bytes == 0) /* else nothing was tried here */
        assert_true(promotions > 0);
    weir_engine_close(engine);
}

static void run_under_all_limits(const runs *r)
{
    const size_t serial = (size_t)weir_plan_serial_bytes(r->plan);
    const size_t bytes[] = {serial, serial + serial / 2, 3 * serial, 0};
    for (size_t w = 0; w < sizeof worker_counts / sizeof *worker_counts; w++)
        for (size_t in_flight = 0; in_flight <= 3; in_flight++)
            for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
                run_repeatedly(r, worker_counts[w], in_flight, bytes[i]);
}

static void describe(weir_layer *layer)
{
    *layer = (weir_layer){.name = "sum",
                          .in_bytes = sizeof(node),
                          .out_bytes = sizeof(double),
                          .scratch_bytes = 100,
                          .fanout = FANOUT,
                          .max_depth = HEIGHT + 1,
                          .child = layer,
                          .count = count_children,
                          .split = split_node,
                          .gather = gather_nodes,
                          .leaf = compute_leaf};
}

/* The right answer by plain recursion, compiled from the same lines as the ops. */
static double by_hand(const node *p)
{
    node copy = *p;
    uint32_t n;
    double out, results[FANOUT];
    count_children(NULL, &copy, &n);
    if (n == 0) {
        compute_leaf(NULL, &copy, &out);
        return out;
    }
    for (uint32_t i = 0; i < n; i++) {
        const node child = child_of(&copy, i);
        results[i] = by_hand(&child);
    }
    gather_nodes(NULL, &copy, results, n, &out);
    return out;
}

static void the_sum_depends_on_the_order_of_its_operands(void **state)
{
    (void)state;
    const node top = {.x = 2.5, .height = 1, .index = 2};
    const double a = 1e3, b = -1e-3;
    const double forward = fold(fold(top.x, a), b), backward = fold(fold(top.x, b), a);
    assert_memory_not_equal(&forward, &backward, sizeof forward);
}

static void one_input_gives_the_same_bits_under_every_schedule(void **state)
{
    const node in = {.x = 2.5, .height = HEIGHT, .index = 1};
    weir_layer layer;
    (void)state;
    describe(&layer);
    weir_plan *plan = compile(&layer);
    const double right = by_hand(&in);
    assert_true(isfinite(right));
    const runs r = {plan, &in, 1, &right};
    run_under_all_limits(&r);
    weir_plan_free(plan);
}

static void many_inputs_give_the_same_bits_under_every_schedule(void **state)
{
    node in[8];
    double right[8];
    weir_layer layer;
    (void)state;
    describe(&layer);
    weir_plan *plan = compile(&layer);
    for (uint32_t i = 0; i < 8; i++) {
        in[i] = (node){.x = 0.1 * i, .height = i % HEIGHT, .index = i};
        right[i] = by_hand(&in[i]);
    }
    const runs r = {plan, in, 8, right};
    run_under_all_limits(&r);
    weir_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_depends_on_the_order_of_its_operands),
        cmocka_unit_test(one_input_gives_the_same_bits_under_every_schedule),
        cmocka_unit_test(many_inputs_give_the_same_bits_under_every_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
