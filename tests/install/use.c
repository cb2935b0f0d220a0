/* A use of weir that needs all of its link line and all of its headers: a sum of a thousand numbers
 * by two workers, with weir's loop compiled here.
 *
 * user.c, user.f90 and unload.c call it, from a program or out of a plugin.  It must never include
 * anything but the installed headers, and it is C and C++. */
#include <weir.h>
#include <weir/inline.h>

static int split(weir_branch *b, const void *in, uint32_t i, void *child)
{
    *(uint32_t *)child = i;
    return (void)b, (void)in, 0;
}

static int sum(weir_branch *b, const void *in, const void *results, uint32_t n, void *out)
{
    const uint32_t *part = (const uint32_t *)results;
    uint32_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += part[i];
    *(uint32_t *)out = total;
    return (void)b, (void)in, 0;
}

static int leaf(weir_branch *b, const void *in, void *out)
{
    *(uint32_t *)out = *(const uint32_t *)in;
    return (void)b, 0;
}

static weir_layer leaves, top;

static void sum_loop(weir_loop *loop)
{
    weir_loop_run(loop, &top, &leaves);
}

#ifdef __cplusplus
extern "C"
#endif
    __attribute__((visibility("default"))) int
    use_weir(void);

/* 0 if all is as it should be. */
int use_weir(void)
{
    weir_engine_options options = {};
    weir_engine *engine = NULL;
    weir_plan *plan = NULL;
    const uint32_t in = 0;
    uint32_t out = 0;
    leaves.name = "leaf";
    top.name = "sum";
    leaves.in_bytes = leaves.out_bytes = top.in_bytes = top.out_bytes = sizeof in;
    leaves.leaf = leaf;
    top.fanout = 1000;
    top.child = &leaves;
    top.split = split;
    top.gather = sum;
    top.loop = sum_loop;
    options.workers = 2;
    if (weir_engine_open(&options, &engine) != WEIR_OK || weir_plan_compile(&top, &plan) != WEIR_OK)
        return 1;
    const weir_status status = weir_run(engine, plan, NULL, &in, &out);
    weir_plan_free(plan);
    weir_engine_close(engine);
    return status == WEIR_OK && out == 499500 ? 0 : 1;
}
