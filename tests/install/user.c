/* The smallest program that needs all of weir's link line; built by install_test.sh against an
 * installed weir, with CMake and with pkg-config.
 *
 * The test runs it.  It must never include anything but the installed headers. */
#include <weir.h>

static int leaf(weir_branch *b, const void *in, void *out)
{
    *(int *)out = *(const int *)in + (int)weir_worker(b) * 0 + 1;
    return 0;
}

int main(void)
{
    const weir_layer layer = {
        .name = "one", .in_bytes = sizeof(int), .out_bytes = sizeof(int), .leaf = leaf};
    weir_engine *engine;
    weir_plan *plan;
    int in = 41, out = 0;
    if (weir_engine_open(NULL, &engine) != WEIR_OK || weir_plan_compile(&layer, &plan) != WEIR_OK)
        return 1;
    const weir_status status = weir_run(engine, plan, NULL, &in, &out);
    weir_plan_free(plan);
    weir_engine_close(engine);
    return status == WEIR_OK && out == 42 ? 0 : 1;
}
