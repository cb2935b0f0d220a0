/* Tests how a run fails: which failure is reported, with which path, and what runs afterwards.
 *
 * Run by ctest.  It must never test a cancel from outside, which is cancel_test's. */
#include "support.h"

#include <sched.h>
#include <stdlib.h>

/* Three layers A[1] / B[4] / C[6]; each record knows its place. */
enum { A, B, C, FANOUT_A = 4, FANOUT_B = 6 };

typedef struct place {
    uint32_t b, c;
} place;

enum kind { NO_OP, COUNT, SPLIT, GATHER, LEAF, LEAVES };

/* Which op of which layer fails, and what was seen. For a split, the place is that of the child. */
typedef struct script {
    enum kind op;
    int layer;
    place at;
    bool every; /* all ops of this kind, everywhere */
    bool failed[FANOUT_A][FANOUT_B];
    atomic_int begun, begun_at_failure;
    uint32_t chunk_first; /* of the range op that failed */
    uint32_t chunk_n;
    bool names; /* the leaves op says which child failed */
} script;

enum { CODE = 4711 };

static int act(weir_branch *b, enum kind op, int layer, uint32_t at_b, uint32_t at_c)
{
    script *s = weir_context(b);
    const int begun = atomic_fetch_add(&s->begun, 1) + 1;
    if (op != s->op || layer != s->layer)
        return 0;
    if (s->every) {
        s->failed[at_b][at_c] = true;
        return CODE + (int)(at_b * FANOUT_B + at_c);
    }
    if (at_b != s->at.b || at_c != s->at.c)
        return 0;
    atomic_store(&s->begun_at_failure, begun);
    return CODE;
}

static int count_a(weir_branch *b, void *in, uint32_t *n)
{
    (void)in;
    *n = FANOUT_A;
    return act(b, COUNT, A, 0, 0);
}

static int count_b(weir_branch *b, void *in, uint32_t *n)
{
    *n = FANOUT_B;
    return act(b, COUNT, B, ((place *)in)->b, 0);
}

static int split_a(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)in;
    *(place *)child = (place){.b = i};
    return act(b, SPLIT, B, i, 0);
}

static int split_b(weir_branch *b, const void *in, uint32_t i, void *child)
{
    *(place *)child = (place){.b = ((const place *)in)->b, .c = i};
    return act(b, SPLIT, C, ((const place *)in)->b, i);
}

static int gather_a(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)in;
    *(uint32_t *)out = 0;
    for (uint32_t i = 0; i < n; i++)
        *(uint32_t *)out += ((const uint32_t *)results)[i];
    return act(b, GATHER, A, 0, 0);
}

static int gather_b(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    *(uint32_t *)out = 0;
    for (uint32_t i = 0; i < n; i++)
        *(uint32_t *)out += ((const uint32_t *)results)[i];
    return act(b, GATHER, B, ((const place *)in)->b, 0);
}

static int leaf_c(weir_branch *b, const void *in, void *out)
{
    const place *p = in;
    *(uint32_t *)out = 1;
    for (volatile int pause = 0; pause < 100; pause++) {
    }
    return act(b, LEAF, C, p->b, p->c);
}

static int leaves_c(weir_branch *b, const void *in, uint32_t first, uint32_t n, void *results)
{
    script *s = weir_context(b);
    for (uint32_t i = 0; i < n; i++)
        ((uint32_t *)results)[i] = 1;
    const bool hit = s->at.c >= first && s->at.c < first + n && s->at.b == ((const place *)in)->b;
    if (s->op == LEAVES && !s->every && hit) {
        s->chunk_first = first;
        s->chunk_n = n;
    }
    const int code = act(b, LEAVES, C, ((const place *)in)->b,
                         hit        ? s->at.c
                         : s->every ? first
                                    : FANOUT_B);
    return code != 0 && s->names ? weir_failed_child(b, s->at.c, code) : code;
}

static weir_plan *compile_layers(bool range)
{
    const weir_layer c = {.name = "C",
                          .in_bytes = sizeof(place),
                          .out_bytes = sizeof(uint32_t),
                          .leaf = range ? NULL : leaf_c,
                          .leaves = range ? leaves_c : NULL};
    const weir_layer b = {.name = "B",
                          .in_bytes = sizeof(place),
                          .out_bytes = sizeof(uint32_t),
                          .fanout = FANOUT_B,
                          .child = &c,
                          .count = count_b,
                          .split = split_b,
                          .gather = gather_b};
    const weir_layer a = {.name = "A",
                          .in_bytes = sizeof(place),
                          .out_bytes = sizeof(uint32_t),
                          .fanout = FANOUT_A,
                          .child = &b,
                          .count = count_a,
                          .split = split_a,
                          .gather = gather_a};
    return compile(&a);
}

static void write_path(char *path, size_t bytes, int layer, uint32_t b, uint32_t c)
{
    if (layer == A)
        snprintf(path, bytes, "A");
    else if (layer == B)
        snprintf(path, bytes, "A/B[%u]", b);
    else
        snprintf(path, bytes, "A/B[%u]/C[%u]", b, c);
}

/* The engine is as good as new: a run without failures gives its answer. */
static void assert_usable(weir_engine *engine, const weir_plan *plan)
{
    const place in = {0};
    uint32_t out = 0;
    script none = {.op = NO_OP};
    assert_ok(weir_run(engine, plan, &none, &in, &out));
    assert_int_equal(out, FANOUT_A * FANOUT_B);
    assert_stats_hold(engine, plan, false);
}

static const struct {
    enum kind op;
    int layer;
    const char *says;
} kinds[] = {{COUNT, A, "count"}, {COUNT, B, "count"},   {SPLIT, B, "split"},
             {SPLIT, C, "split"}, {GATHER, A, "gather"}, {GATHER, B, "gather"},
             {LEAF, C, "leaf"},   {LEAVES, C, "leaves"}};
#define KINDS (sizeof kinds / sizeof *kinds)

static uint32_t pick(int third, uint32_t fanout)
{
    return third == 0 ? 0 : third == 1 ? fanout / 2 : fanout - 1;
}

static void fail_once(weir_engine *engine, const weir_plan *plan, size_t kind, place at, bool names)
{
    const int layer = kinds[kind].layer;
    script s = {.op = kinds[kind].op, .layer = layer, .at = at, .names = names};
    const place in = {0};
    uint32_t out;
    char path[64];
    assert_status(WEIR_EOP, weir_run(engine, plan, &s, &in, &out));
    const weir_error *error = weir_last_error();
    write_path(path, sizeof path, layer, at.b, at.c);
    if (s.op == LEAVES && !names && s.chunk_n > 1)
        snprintf(path, sizeof path, "A/B[%u]/C[%u..%u]", at.b, s.chunk_first,
                 s.chunk_first + s.chunk_n - 1);
    assert_int_equal(error->status, WEIR_EOP);
    assert_int_equal(error->code, CODE);
    assert_string_equal(error->where, path);
    assert_contains(error->text, kinds[kind].says);
    assert_contains(error->text, layer == A ? "'A'" : layer == B ? "'B'" : "'C'");
    assert_contains(error->text, "4711");
    if (weir_engine_workers(engine) == 1) /* not one op after it */
        assert_int_equal(atomic_load(&s.begun), atomic_load(&s.begun_at_failure));
    assert_usable(engine, plan);
}

static void every_op_that_fails_is_reported_with_code_and_path(void **state)
{
    (void)state;
    weir_plan *plans[2] = {compile_layers(false), compile_layers(true)};
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        weir_engine *engine = open_engine(workers, 0, 0);
        for (size_t kind = 0; kind < KINDS; kind++)
            for (int i = 0; i < 9; i++) {
                place at = {pick(i / 3, FANOUT_A), pick(i % 3, FANOUT_B)};
                if (kinds[kind].layer != C)
                    at.c = 0;
                if (kinds[kind].layer == A)
                    at.b = 0;
                fail_once(engine, plans[kinds[kind].op == LEAVES], kind, at, false);
                fail_once(engine, plans[kinds[kind].op == LEAVES], kind, at, true);
            }
        weir_engine_close(engine);
    }
    weir_plan_free(plans[0]);
    weir_plan_free(plans[1]);
}

static void of_many_failures_at_once_one_that_happened_is_reported(void **state)
{
    (void)state;
    weir_plan *plans[2] = {compile_layers(false), compile_layers(true)};
    weir_engine *engine = open_engine(8, 0, 0);
    for (int round = 0; round < 200 / SLOW_BUILD; round++)
        for (size_t kind = 0; kind < KINDS; kind++) {
            const int layer = kinds[kind].layer;
            const weir_plan *plan = plans[kinds[kind].op == LEAVES];
            script s = {.op = kinds[kind].op, .layer = layer, .every = true};
            const place in = {0};
            uint32_t out;
            char path[64];
            assert_status(WEIR_EOP, weir_run(engine, plan, &s, &in, &out));
            const int number = weir_last_error()->code - CODE;
            assert_in_range(number, 0, FANOUT_A * FANOUT_B - 1);
            const uint32_t b = (uint32_t)number / FANOUT_B, c = (uint32_t)number % FANOUT_B;
            assert_true(s.failed[b][c]);
            write_path(path, sizeof path, layer, b, c);
            assert_string_equal(weir_last_error()->where, path);
        }
    assert_usable(engine, plans[0]);
    weir_engine_close(engine);
    weir_plan_free(plans[0]);
    weir_plan_free(plans[1]);
}

/* One leaf fails; all others that have begun wait until they see the run stop, and fail then. */
static int fail_first_or_after(weir_branch *b, const void *in, void *out)
{
    (void)out;
    if (((const place *)in)->b == *(const uint32_t *)weir_context(b))
        return 1;
    while (!weir_stopping(b))
        sched_yield();
    return 2;
}

static int split_numbered(weir_branch *b, const void *in, uint32_t i, void *child)
{
    (void)b, (void)in;
    *(place *)child = (place){.b = i};
    return 0;
}

static int gather_none(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)b, (void)in, (void)results, (void)n, (void)out;
    return 0;
}

static void the_first_failure_wins_over_all_that_follow_from_it(void **state)
{
    const weir_layer leaf = {
        .name = "leaf", .in_bytes = sizeof(place), .leaf = fail_first_or_after};
    const weir_layer top = {
        .name = "top", .fanout = 2, .child = &leaf, .split = split_numbered, .gather = gather_none};
    (void)state;
    weir_plan *plan = compile(&top);
    weir_engine *engine = open_engine(2, 0, 0);
    for (int round = 0; round < 300 / SLOW_BUILD;
         round++) /* a plan learns nothing of failed runs */
        for (uint32_t bad = 0; bad < 2; bad++) {
            assert_status(WEIR_EOP, weir_run(engine, plan, &bad, NULL, NULL));
            assert_int_equal(weir_last_error()->code, 1);
            assert_string_equal(weir_last_error()->where, bad == 0 ? "top/leaf[0]" : "top/leaf[1]");
        }
    weir_engine_close(engine);
    weir_plan_free(plan);
}

static void the_path_of_a_run_of_many_begins_with_the_number_of_the_input(void **state)
{
    place in[10];
    uint32_t out[10];
    (void)state;
    memset(in, 0, sizeof in);
    weir_plan *plan = compile_layers(false);
    weir_engine *engine = open_engine(1, 0, 0);
    script s = {.op = LEAF, .layer = C, .at = {2, 3}};
    assert_status(WEIR_EOP, weir_run_many(engine, plan, &s, 10, in, out));
    assert_string_equal(weir_last_error()->where, "A[0]/B[2]/C[3]");
    weir_engine_close(engine);
    weir_plan_free(plan);
}

/* Deep and wrong trees; all counts come from the context. */
typedef struct shape {
    uint32_t children, bad_at; /* at this height, so many children */
} shape;

static int count_shape(weir_branch *b, void *in, uint32_t *n)
{
    const shape *s = weir_context(b);
    const uint32_t height = ((const tree_node *)in)->height;
    *n = height == s->bad_at ? s->children : height == 0 ? 0 : 2;
    return 0;
}

static int split_shape(weir_branch *b, const void *in, uint32_t i, void *child)
{
    const tree_node *p = in;
    (void)b, (void)i;
    *(tree_node *)child = (tree_node){.id = 1, .height = p->height == 0 ? 0 : p->height - 1};
    return 0;
}

static int fail_leaf(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    return 9;
}

static weir_plan *compile_shape(const char *name, uint32_t max_depth)
{
    weir_layer layer = {.name = name,
                        .in_bytes = sizeof(tree_node),
                        .fanout = 2,
                        .max_depth = max_depth,
                        .child = &layer,
                        .count = count_shape,
                        .split = split_shape,
                        .gather = gather_none,
                        .leaf = fail_leaf};
    return compile(&layer);
}

static void a_count_above_fanout_or_below_max_depth_is_refused_with_its_path(void **state)
{
    const tree_node in = {.id = 1, .height = 3};
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    weir_plan *plan = compile_shape("R", 4);
    shape too_wide = {.children = 3, .bad_at = 1}, too_deep = {.children = 1, .bad_at = 0};
    assert_status(WEIR_EINVAL, weir_run(engine, plan, &too_wide, &in, NULL));
    assert_string_equal(weir_last_error()->where, "R/R[0]/R[0]");
    assert_contains(weir_last_error()->text, "3 children");
    assert_contains(weir_last_error()->text, "is 2");
    too_wide = (shape){.children = UINT32_MAX, .bad_at = 3};
    assert_status(WEIR_EINVAL, weir_run(engine, plan, &too_wide, &in, NULL));
    assert_string_equal(weir_last_error()->where, "R");
    assert_status(WEIR_EINVAL, weir_run(engine, plan, &too_deep, &in, NULL));
    assert_string_equal(weir_last_error()->where, "R/R[0]/R[0]/R[0]");
    assert_contains(weir_last_error()->text, "max_depth of 4");
    weir_plan_free(plan);
    weir_engine_close(engine);
}

static void a_deep_path_is_abbreviated_but_keeps_its_top_and_its_last_step(void **state)
{
    static const char *const names[] = {
        "R", "a-layer-with-a-name-of-some-length",
        "a-layer-with-a-name-that-is-far-too-long-for-any-path-because-nobody-stopped-its-author"};
    const shape plain = {.bad_at = UINT32_MAX};
    const tree_node in = {.id = 1, .height = 300};
    (void)state;
    weir_engine *engine = open_engine(1, 0, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char head[64], tail[64];
        weir_plan *plan = compile_shape(names[i], 301);
        assert_status(WEIR_EOP, weir_run(engine, plan, (void *)&plain, &in, NULL));
        const char *where = weir_last_error()->where;
        snprintf(head, sizeof head, "%.40s/…/", names[i]);
        snprintf(tail, sizeof tail, "/%.40s[0]", names[i]);
        assert_int_equal(weir_last_error()->code, 9);
        assert_int_equal(strncmp(where, head, strlen(head)), 0);
        assert_string_equal(where + strlen(where) - strlen(tail), tail);
        assert_true(strlen(where) < sizeof weir_last_error()->where);
        weir_plan_free(plan);
    }
    weir_engine_close(engine);
}

static void
a_budget_one_byte_short_is_refused_with_both_numbers_and_the_exact_one_runs(void **state)
{
    const place in = {0};
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        weir_plan *plan = compile_layers(false);
        const size_t serial = (size_t)weir_plan_serial_bytes(plan);
        weir_engine *engine = open_engine(workers, 0, serial - 1);
        script s = {.op = NO_OP};
        uint32_t out = 0;
        char number[32];
        assert_status(WEIR_EBUDGET, weir_run(engine, plan, &s, &in, &out));
        assert_string_equal(weir_last_error()->where, "max_bytes");
        snprintf(number, sizeof number, "is %zu,", serial - 1);
        assert_contains(weir_last_error()->text, number);
        snprintf(number, sizeof number, " %zu bytes", serial);
        assert_contains(weir_last_error()->text, number);
        assert_int_equal(atomic_load(&s.begun), 0);
        weir_engine_close(engine);
        engine = open_engine(workers, 0, serial);
        assert_usable(engine, plan);
        weir_stats stats;
        weir_engine_stats(engine, &stats);
        assert_int_equal(stats.peak_bytes, serial);
        assert_int_equal(stats.promotions, 0); /* no room for a part */
        weir_engine_close(engine);
        weir_plan_free(plan);
    }
}

static int names_a_wrong_child(weir_branch *b, const void *in, uint32_t first, uint32_t n,
                               void *results)
{
    (void)in, (void)results;
    if (first + n < 100)
        return (void)weir_failed_child(b, 99, 0), 0; /* it names one, and does not fail */
    return first >= 500 ? weir_failed_child(b, first + n, 5) : 0;
}

static void a_child_that_is_not_of_the_failed_range_is_not_believed(void **state)
{
    const weir_layer leaf = {.name = "leaf", .leaves = names_a_wrong_child};
    const weir_layer top = {
        .name = "top", .fanout = 5000, .child = &leaf, .gather = gather_nothing};
    weir_engine *engine = open_engine(1, 0, 0);
    weir_plan *plan = compile(&top);
    unsigned first, last;
    (void)state;
    assert_status(WEIR_EOP, weir_run(engine, plan, NULL, NULL, NULL));
    assert_int_equal(sscanf(weir_last_error()->where, "top/leaf[%u..%u]", &first, &last), 2);
    assert_in_range(first, 500, last);
    assert_contains(weir_last_error()->text, "weir_failed_child");
    weir_plan_free(plan);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_that_fails_is_reported_with_code_and_path),
        cmocka_unit_test(of_many_failures_at_once_one_that_happened_is_reported),
        cmocka_unit_test(a_child_that_is_not_of_the_failed_range_is_not_believed),
        cmocka_unit_test(the_first_failure_wins_over_all_that_follow_from_it),
        cmocka_unit_test(the_path_of_a_run_of_many_begins_with_the_number_of_the_input),
        cmocka_unit_test(a_count_above_fanout_or_below_max_depth_is_refused_with_its_path),
        cmocka_unit_test(a_deep_path_is_abbreviated_but_keeps_its_top_and_its_last_step),
        cmocka_unit_test(
            a_budget_one_byte_short_is_refused_with_both_numbers_and_the_exact_one_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
