/* Tests that programs and libraries of different versions go together, as far as the structs that
 * they share are concerned (weir.h, "Structs that grow").
 *
 * Run by ctest.  A field that a later version adds takes reserved words, and a line is added here;
 * it must never happen that one of the numbers has to change. */
#include "support.h"

#include <assert.h>

#define AT(type, field, offset) {#type "." #field, offsetof(type, field), (offset)}
#define SIZE(type, bytes)       {"sizeof " #type, sizeof(type), (bytes)}

static void every_field_is_where_programs_of_the_first_version_have_it(void **state)
{
    static const struct {
        const char *what;
        size_t is, was;
    } fields[] = {
        AT(weir_engine_options, workers, 0),
        AT(weir_engine_options, bind, 4),
        AT(weir_engine_options, max_in_flight, 8),
        AT(weir_engine_options, max_bytes, 16),
        AT(weir_engine_options, share, 24),
        AT(weir_engine_options, shares, 28),
        SIZE(weir_engine_options, 96),
        AT(weir_stats, workers, 0),
        AT(weir_stats, branches, 8),
        AT(weir_stats, promotions, 16),
        AT(weir_stats, gathers_promoted, 24),
        AT(weir_stats, peak_in_flight, 32),
        AT(weir_stats, peak_bytes, 40),
        AT(weir_stats, certified_bytes, 48),
        AT(weir_stats, seconds, 56),
        AT(weir_stats, denied_permits, 64),
        AT(weir_stats, denied_bytes, 72),
        AT(weir_stats, idle_ns, 80),
        SIZE(weir_stats, 216),
        AT(weir_layer, name, 0),
        AT(weir_layer, in_bytes, 8),
        AT(weir_layer, out_bytes, 16),
        AT(weir_layer, scratch_bytes, 24),
        AT(weir_layer, held_bytes, 32),
        AT(weir_layer, fanout, 40),
        AT(weir_layer, max_depth, 44),
        AT(weir_layer, child, 48),
        AT(weir_layer, count, 56),
        AT(weir_layer, split, 64),
        AT(weir_layer, gather, 72),
        AT(weir_layer, leaf, 80),
        AT(weir_layer, leaves, 88),
        AT(weir_layer, loop, 96),
        AT(weir_layer, nested_bytes, 104),
        SIZE(weir_layer, 232),
        AT(weir_plan_layer, name, 0),
        AT(weir_plan_layer, fanout, 8),
        AT(weir_plan_layer, max_depth, 12),
        AT(weir_plan_layer, max_branches, 16),
        AT(weir_plan_layer, frame_bytes, 24),
        AT(weir_plan_layer, branch_bytes, 32),
        AT(weir_plan_layer, part_bytes, 40),
        AT(weir_plan_layer, scratch_bytes, 48),
        SIZE(weir_plan_layer, 120),
        AT(weir_stage_options, name, 0),
        AT(weir_stage_options, item_bytes, 8),
        AT(weir_stage_options, jobs, 16),
        AT(weir_stage_options, buffer, 20),
        AT(weir_stage_options, max_yield, 24),
        AT(weir_stage_options, unordered, 28),
        AT(weir_stage_options, join, 32),
        AT(weir_stage_options, state, 40),
        AT(weir_stage_options, destroy, 48),
        SIZE(weir_stage_options, 184),
        AT(weir_graph_summary, tasks, 0),
        AT(weir_graph_summary, edges, 8),
        AT(weir_graph_summary, redundant_edges, 16),
        AT(weir_graph_summary, roots, 24),
        AT(weir_graph_summary, depth, 32),
        AT(weir_graph_summary, widest, 40),
        AT(weir_graph_summary, work_ns, 48),
        AT(weir_graph_summary, span_ns, 56),
        AT(weir_graph_summary, lanes, 64),
        AT(weir_graph_summary, clumps, 72),
        AT(weir_graph_summary, predicted_gain, 80),
        AT(weir_graph_summary, unsearched_edges, 88),
        SIZE(weir_graph_summary, 168),
        AT(weir_pu, os_index, 0),
        AT(weir_pu, core, 4),
        AT(weir_pu, l3, 8),
        AT(weir_pu, numa, 12),
        AT(weir_pu, package, 16),
        AT(weir_pu, smt, 20),
        AT(weir_pu, kind, 24),
        AT(weir_pu, os_package, 28),
        AT(weir_pu, os_numa, 32),
        AT(weir_pu, l1_bytes, 40),
        AT(weir_pu, l2_bytes, 48),
        AT(weir_pu, l3_bytes, 56),
        SIZE(weir_pu, 96),
        AT(weir_node, os_index, 0),
        AT(weir_node, numa, 4),
        AT(weir_node, pus, 8),
        AT(weir_node, bytes, 16),
        SIZE(weir_node, 56),
        AT(weir_machine, here, 0),
        AT(weir_machine, present, 4),
        AT(weir_machine, allowed, 8),
        AT(weir_machine, usable, 12),
        AT(weir_machine, quota, 16),
        AT(weir_machine, note, 24),
        SIZE(weir_machine, 248),
        AT(weir_placement, workers, 0),
        AT(weir_placement, threads, 4),
        AT(weir_placement, bind, 8),
        AT(weir_placement, openmp_binds, 12),
        AT(weir_placement, share, 16),
        AT(weir_placement, shares, 20),
        AT(weir_placement, first, 24),
        AT(weir_placement, pus, 28),
        AT(weir_placement, cores, 32),
        AT(weir_placement, workers_why, 36),
        AT(weir_placement, bind_why, 156),
        AT(weir_placement, share_why, 316),
        SIZE(weir_placement, 504),
    };
    (void)state;
    if (sizeof(void *) != 8)
        skip();
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].is != fields[i].was)
            fail_msg("%s is %zu, and was %zu", fields[i].what, fields[i].is, fields[i].was);
}

/* What a later version may make of the structs, as a program has them that is compiled with it. */
typedef struct later_options {
    unsigned workers;
    weir_bind bind;
    size_t max_in_flight, max_bytes;
    unsigned share, shares;
    size_t added;
    uint64_t reserved[7];
} later_options;
static_assert(sizeof(later_options) == sizeof(weir_engine_options), "a field more, no byte more");

static void an_engine_option_of_a_later_version_is_refused_and_its_default_taken(void **state)
{
    later_options later = {.workers = 1, .added = 1};
    weir_engine *engine;
    weir_topology *topology;
    weir_placement placement;
    (void)state;
    engine = (weir_engine *)(void *)&later;
    assert_status(WEIR_EINVAL, weir_engine_open((weir_engine_options *)(void *)&later, &engine));
    assert_null(engine);
    assert_string_equal(weir_last_error()->where, "reserved");
    assert_contains(weir_last_error()->text, "reserved must be 0");
    assert_ok(weir_topology_load("pu:4", &topology));
    assert_status(WEIR_EINVAL, weir_topology_decide(topology, (weir_engine_options *)(void *)&later,
                                                    &placement));
    weir_topology_free(topology);
    later.added = 0;
    assert_ok(weir_engine_open((weir_engine_options *)(void *)&later, &engine));
    assert_int_equal(weir_engine_workers(engine), 1);
    weir_engine_close(engine);
}

static void any_reserved_word_of_a_layer_is_looked_at_in_any_layer(void **state)
{
    enum { WORDS = sizeof((weir_layer *)NULL)->reserved / sizeof(uint64_t) };
    weir_layer layers[2];
    weir_plan *plan;
    (void)state;
    for (size_t i = 0; i < 2 * WORDS; i++) {
        tree_describe(&layers[1], 2, 3);
        layers[0] = layers[1];
        layers[0].name = "TOP";
        layers[0].max_depth = 0;
        plan = compile(&layers[0]);
        weir_plan_free(plan);
        layers[i / WORDS].reserved[i % WORDS] = 1;
        assert_status(WEIR_EINVAL, weir_plan_compile(&layers[0], &plan));
        assert_null(plan);
        assert_string_equal(weir_last_error()->where, i < WORDS ? "TOP.reserved" : "tree.reserved");
        assert_contains(weir_last_error()->text, "reserved must be 0");
    }
}

static int yield_nothing(void *stage_state, void *item)
{
    (void)stage_state, (void)item;
    return WEIR_END;
}

static void a_stage_option_of_a_later_version_is_refused(void **state)
{
    weir_stage_options o = {.name = "s", .jobs = 1, .buffer = 1, .reserved = {[15] = 1}};
    weir_engine *engine = open_engine(1, 0, 0);
    weir_stream *s;
    weir_stage stage;
    (void)state;
    assert_ok(weir_stream_open(engine, &s));
    assert_status(WEIR_EINVAL, weir_stream_source(s, &o, yield_nothing, &stage));
    assert_string_equal(weir_last_error()->where, "s.reserved");
    assert_contains(weir_last_error()->text, "reserved must be 0");
    assert_status(WEIR_EINVAL, weir_stream_inlet(s, &o, &stage));
    o.reserved[15] = 0;
    assert_ok(weir_stream_source(s, &o, yield_nothing, &stage));
    assert_ok(weir_stream_close(s));
    weir_engine_close(engine);
}

/* As many bytes as programs of the first version have for it, and what must stay behind them. */
typedef struct guarded_stats {
    weir_stats stats;
    unsigned char guard[64];
} guarded_stats;

static void statistics_are_written_up_to_their_end_and_what_is_not_counted_is_zero(void **state)
{
    static const weir_stats none;
    weir_engine *engine = open_engine(1, 0, 0);
    guarded_stats g;
    (void)state;
    assert_tree_runs(engine, 2, 5);
    memset(&g, 0xA5, sizeof g);
    weir_engine_stats(engine, &g.stats);
    assert_true(g.stats.branches > 0);
    assert_memory_equal(g.stats.reserved, none.reserved, sizeof none.reserved);
    for (size_t i = 0; i < sizeof g.guard; i++)
        assert_int_equal(g.guard[i], 0xA5);
    weir_engine_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_where_programs_of_the_first_version_have_it),
        cmocka_unit_test(an_engine_option_of_a_later_version_is_refused_and_its_default_taken),
        cmocka_unit_test(any_reserved_word_of_a_layer_is_looked_at_in_any_layer),
        cmocka_unit_test(a_stage_option_of_a_later_version_is_refused),
        cmocka_unit_test(statistics_are_written_up_to_their_end_and_what_is_not_counted_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
