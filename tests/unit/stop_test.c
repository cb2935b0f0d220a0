/* Tests that nothing folds what an op left unwritten, however slowly the stop is told.
 *
 * Run by ctest with the engine's internal headers.  Whoever stops a run sets a flag and then tells one
 * worker after another; here it is held up between the two. */
#include "support.h"

#include <sched.h>

#include "pipeline/branch.h"

typedef struct scene {
    weir_engine *engine;
    atomic_int begun, gathers;
    atomic_bool left;
} scene;

static void wait_for_both(scene *s)
{
    atomic_fetch_add(&s->begun, 1);
    while (atomic_load(&s->begun) < 2)
        sched_yield();
}

/* The first half of a cancel, and an op that sees it. */
static void leave_early(scene *s, const weir_branch *b)
{
    add_seq_cst(&s->engine->cancels, 1);
    atomic_store(&s->left, weir_stopping(b) != 0);
}

/* Until the other worker's part is back and it sleeps. Nobody has told this worker of the stop, so its
 * word is as the poll behind this op would have found it a moment before. */
static void stay(scene *s, const weir_branch *b)
{
    while (load_relaxed(&s->engine->mail.asleep) == 0 || weir__frame_has_parts(b->loop.frame))
        sched_yield();
    weir__mail_acknowledge(&s->engine->mail, weir_worker(b));
}

static int leaf(weir_branch *b, const void *in, void *out)
{
    scene *s = weir_context(b);
    (void)in;
    wait_for_both(s);
    if (weir_worker(b) != 0) {
        leave_early(s, b);
        return 0;
    }
    stay(s, b);
    *(int *)out = 1;
    return 0;
}

static int count_gathers(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    scene *s = weir_context(b);
    (void)in, (void)results, (void)n, (void)out;
    atomic_fetch_add(&s->gathers, 1);
    return 0;
}

static const weir_layer one = {.name = "one", .out_bytes = sizeof(int), .leaf = leaf};
static const weir_layer two = {
    .name = "two", .fanout = 2, .child = &one, .split = split_nothing, .gather = count_gathers};

static void a_frame_with_an_unwritten_result_is_not_gathered(void **state)
{
    (void)state;
    weir_plan *plan = compile(&two);
    for (int round = 0; round < 20; round++) {
        scene s = {.engine = open_engine(2, 0, 0)};
        s.engine->search_ns = 0; /* who has nothing to do sleeps at once, and asks no more */
        assert_status(WEIR_ECANCEL, weir_run(s.engine, plan, &s, NULL, NULL));
        assert_true(atomic_load(&s.left));
        assert_int_equal(atomic_load(&s.gathers), 0);
        weir_engine_close(s.engine);
    }
    weir_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_with_an_unwritten_result_is_not_gathered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
