/* A pipeline whose leaves write to one variable without any order: the thread sanitizer must see
 * it, which proves that the net holds for the other tests.
 *
 * Only the tsan build runs it, and its test passes when the report is there.  It must never be
 * linked with anything that hides the race. */
#include <stdio.h>

#include "weir.h"

static int planted;

static int split(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    (void)b, (void)in, (void)i, (void)child_in;
    return 0;
}

static int leaf(weir_branch *b, const void *in, void *out)
{
    (void)b, (void)in, (void)out;
    for (int i = 0; i < 10000; i++)
        planted++;
    return 0;
}

static int gather(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    (void)b, (void)in, (void)results, (void)n, (void)out;
    return 0;
}

int main(void)
{
    const weir_layer leaves = {.name = "leaf", .leaf = leaf};
    const weir_layer top = {
        .name = "top", .fanout = 1000, .child = &leaves, .split = split, .gather = gather};
    const weir_engine_options options = {.workers = 4};
    weir_engine *engine;
    weir_plan *plan;
    if (weir_engine_open(&options, &engine) != WEIR_OK || weir_plan_compile(&top, &plan) != WEIR_OK)
        return 1;
    for (int run = 0; run < 20; run++)
        if (weir_run(engine, plan, NULL, NULL, NULL) != WEIR_OK)
            return 1;
    printf("%d\n", planted);
    weir_plan_free(plan);
    weir_engine_close(engine);
    return 0;
}
