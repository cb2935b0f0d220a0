/* Compiles a description to a plan, and computes what a plan's runs can hold at most.
 *
 * Layout of a branch's frame: header, input, result slots; the child's frame (or a leaf's input)
 * follows directly.  So a depth-first run of a branch needs its frame plus what one child needs,
 * and a part needs a header of its own plus what one child needs. */
#include "pipeline/plan.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "pipeline/check.h"
#include "pipeline/frame.h"
#include "sched/window.h"

/* The root's split: an input of the run is copied, since `count` may complete it. */
static int copy_input(weir_branch *b, const void *in, uint32_t i, void *child_in)
{
    const weir__inputs *inputs = in;
    (void)b;
    if (inputs->in_bytes > 0)
        memcpy(child_in, inputs->in + (size_t)i * inputs->in_bytes, inputs->in_bytes);
    return 0;
}

/* Sizes of one layer whose child layer, if it has another, is sized already. */
static weir_status size_layer(weir__layer *layer)
{
    const weir_layer *op = &layer->op;
    WEIR_ASSERT((op->fanout == 0) == (layer->child == NULL) && layer->branch_memory == 0);
    const uint64_t in = weir__round_up(op->in_bytes, WEIR_ALIGN);
    if (op->fanout == 0) {
        layer->branch_memory = in;
        layer->branch_declared = op->held_bytes;
    } else {
        const uint64_t child_out = layer->child->op.out_bytes;
        const uint64_t results =
            weir__round_up(weir__bytes_multiply(op->fanout, child_out), WEIR_ALIGN);
        const uint64_t frame = weir__bytes_add(weir__bytes_add(sizeof(weir__frame), in), results);
        const uint64_t frames = layer->recursive ? op->max_depth : 1;
        layer->branch_memory = weir__bytes_multiply(frames, frame);
        layer->branch_declared = weir__bytes_multiply(frames, op->held_bytes);
        layer->in_bytes = (size_t)in;
        layer->frame_bytes = (size_t)frame;
        if (!layer->recursive) {
            layer->branch_memory =
                weir__bytes_add(layer->branch_memory, layer->child->branch_memory);
            layer->branch_declared =
                weir__bytes_add(layer->branch_declared, layer->child->branch_declared);
        }
        layer->part_memory = weir__bytes_add(sizeof(weir__part), layer->child->branch_memory);
        layer->part_declared = layer->child->branch_declared;
    }
    if (weir__bytes_add(layer->branch_memory, layer->branch_declared) >= PTRDIFF_MAX ||
        op->scratch_bytes >= PTRDIFF_MAX)
        return weir__error_set(WEIR_EINVAL, 0, op->name,
                               "layer '%.90s': a branch needs more bytes than this machine can "
                               "address; look at fanout, max_depth, in_bytes, held_bytes, "
                               "scratch_bytes and the child's out_bytes",
                               op->name);
    return WEIR_OK;
}

static weir_status copy_layers(weir_plan *plan, const weir_layer *top)
{
    plan->layer[0] = (weir__layer){
        .op = {.name = "run", .fanout = UINT32_MAX, .split = copy_input},
        .child = &plan->layer[1],
    };
    const weir_layer *from = top;
    WEIR_ASSERT(plan->layers > 1);
    for (uint32_t i = 1; i < plan->layers; i++, from = from->child) {
        weir__layer *layer = &plan->layer[i];
        layer->op = *from;
        layer->op.name = weir__memory_alloc_string(from->name);
        if (layer->op.name == NULL)
            return weir__error_set(WEIR_ENOMEM, 0, "plan", "no memory for the plan");
        layer->recursive = from->child == from;
        layer->deepest = layer->recursive && from->max_depth < UINT32_MAX - i
                             ? from->max_depth + i - 1
                             : UINT32_MAX;
        layer->ranges = from->child != NULL && from->child->leaves != NULL;
        layer->child = layer->recursive ? layer : from->child != NULL ? layer + 1 : NULL;
        layer->op.child = NULL; /* the caller's; it may go away */
        if (from->scratch_bytes > plan->scratch_bytes)
            plan->scratch_bytes = from->scratch_bytes;
        if (from->nested_bytes > plan->nested_bytes)
            plan->nested_bytes = from->nested_bytes;
        plan->divides = plan->divides || from->fanout > 1;
    }
    return WEIR_OK;
}

static weir_status size_layers(weir_plan *plan)
{
    for (uint32_t i = plan->layers - 1; i > 0; i--) {
        const weir_status status = size_layer(&plan->layer[i]);
        if (status != WEIR_OK)
            return status;
    }
    /* The root has no frame: inputs and results are the caller's arrays. */
    weir__layer *root = &plan->layer[0];
    root->part_memory = weir__bytes_add(sizeof(weir__part), root->child->branch_memory);
    root->part_declared = root->child->branch_declared;
    plan->root_memory = root->part_memory;
    plan->root_declared = root->part_declared;
    return WEIR_OK;
}

/* ---- the certificate ---- */

static uint64_t part_bytes(const weir__layer *layer)
{
    return weir__bytes_add(weir__window_block_bytes(layer->part_memory), layer->part_declared);
}

/* A layer with one child at most is never cut: nothing of it can be given away. */
static uint64_t largest_part(const weir_plan *plan, bool many)
{
    uint64_t largest = 0;
    for (uint32_t i = many ? 0 : 1; i < plan->layers; i++)
        if (plan->layer[i].op.fanout > 1 && part_bytes(&plan->layer[i]) > largest)
            largest = part_bytes(&plan->layer[i]);
    return largest;
}

static uint64_t certificate(const weir_plan *plan, bool many, size_t in_flight, unsigned workers)
{
    const uint64_t root =
        weir__bytes_add(weir__window_block_bytes(plan->root_memory), plan->root_declared);
    const uint64_t parts = weir__bytes_multiply(in_flight, largest_part(plan, many));
    const uint64_t context =
        plan->scratch_bytes == 0 && plan->nested_bytes == 0
            ? 0
            : weir__bytes_add(weir__window_block_bytes(plan->scratch_bytes), plan->nested_bytes);
    /* No more workers run at a time than there are parts, and the root. */
    const uint64_t running = in_flight < workers ? in_flight + 1 : workers;
    return weir__bytes_add(weir__bytes_add(root, parts), weir__bytes_multiply(running, context));
}

/* ---- what must hold ---- */

#if defined(WEIR_ASSERTS)
static bool links_are_valid(const weir_plan *plan, uint32_t i)
{
    const weir__layer *layer = &plan->layer[i];
    const bool last = i + 1 == plan->layers, leaf = layer->op.fanout == 0;
    const weir__layer *child = leaf ? NULL : layer->recursive ? layer : layer + 1;
    return layer->child == child && (leaf || layer->recursive) == last && layer->op.child == NULL &&
           layer->op.name != NULL;
}

static bool largest_are_valid(const weir_plan *plan)
{
    uint64_t scratch = 0, nested = 0;
    bool divides = false;
    for (uint32_t i = 1; i < plan->layers; i++) {
        const weir_layer *op = &plan->layer[i].op;
        scratch = op->scratch_bytes > scratch ? op->scratch_bytes : scratch;
        nested = op->nested_bytes > nested ? op->nested_bytes : nested;
        divides = divides || op->fanout > 1;
    }
    return scratch == plan->scratch_bytes && nested == plan->nested_bytes &&
           divides == plan->divides;
}

static bool sizes_are_valid(const weir__layer *layer)
{
    const weir_layer *op = &layer->op;
    const weir__layer *child = layer->child;
    if (child == NULL)
        return layer->branch_memory == weir__round_up(op->in_bytes, WEIR_ALIGN) &&
               layer->branch_declared == op->held_bytes;
    const bool inner = !layer->recursive;
    const uint64_t frames = inner ? 1 : op->max_depth;
    return layer->in_bytes == weir__round_up(op->in_bytes, WEIR_ALIGN) &&
           layer->frame_bytes % WEIR_ALIGN == 0 &&
           layer->frame_bytes - sizeof(weir__frame) - layer->in_bytes ==
               weir__round_up((uint64_t)op->fanout * child->op.out_bytes, WEIR_ALIGN) &&
           layer->branch_memory - (inner ? child->branch_memory : 0) ==
               frames * layer->frame_bytes &&
           layer->branch_declared - (inner ? child->branch_declared : 0) ==
               frames * op->held_bytes &&
           layer->part_memory == sizeof(weir__part) + child->branch_memory &&
           layer->part_declared == child->branch_declared;
}

bool weir__plan_is_valid(const weir_plan *plan)
{
    const weir__layer *root = &plan->layer[0];
    bool valid = plan->layers > 1 && root->child == &plan->layer[1] &&
                 plan->root_memory == sizeof(weir__part) + root->child->branch_memory &&
                 plan->root_declared == root->child->branch_declared;
    for (uint32_t i = 1; valid && i < plan->layers; i++)
        valid = links_are_valid(plan, i) && sizes_are_valid(&plan->layer[i]);
    return valid && largest_are_valid(plan) && plan->serial_bytes == certificate(plan, false, 0, 1);
}
#endif

/* ---- compiling ---- */

weir_status weir_plan_compile(const weir_layer *top, weir_plan **plan)
{
    if (plan == NULL)
        return weir__error_set(WEIR_EINVAL, 0, "plan", "plan is NULL; it receives the plan");
    *plan = NULL;
    uint32_t layers;
    weir_status status = weir__check_layers(top, &layers);
    if (status != WEIR_OK)
        return status;
    const uint32_t with_root = layers + 1;
    weir_plan *compiled =
        weir__memory_alloc_zero(sizeof *compiled + with_root * sizeof *compiled->layer);
    if (compiled == NULL)
        return weir__error_set(WEIR_ENOMEM, 0, "plan", "no memory for the plan");
    compiled->layers = with_root;
    status = copy_layers(compiled, top);
    if (status == WEIR_OK)
        status = size_layers(compiled);
    if (status != WEIR_OK) {
        weir_plan_free(compiled);
        return status;
    }
    compiled->serial_bytes = certificate(compiled, false, 0, 1);
    WEIR_ASSERT_SLOW(weir__plan_is_valid(compiled));
    *plan = compiled;
    return WEIR_OK;
}

void weir_plan_free(weir_plan *plan)
{
    if (plan == NULL)
        return;
    for (uint32_t i = 1; i < plan->layers; i++)
        weir__memory_free((char *)(uintptr_t)plan->layer[i].op.name);
    weir__memory_free(plan);
}

/* ---- what a plan says ---- */

uint64_t weir__plan_certificate(const weir_plan *plan, bool many, size_t in_flight,
                                unsigned workers)
{
    WEIR_ASSERT_SLOW(weir__plan_is_valid(plan));
    return certificate(plan, many, in_flight, workers);
}

uint64_t weir_plan_serial_bytes(const weir_plan *plan)
{
    return plan != NULL ? plan->serial_bytes : 0;
}

uint64_t weir_plan_certified_bytes(const weir_plan *plan, size_t in_flight, unsigned workers)
{
    return plan != NULL ? weir__plan_certificate(plan, false, in_flight, workers) : 0;
}

uint64_t weir_plan_certified_bytes_many(const weir_plan *plan, size_t in_flight, unsigned workers)
{
    return plan != NULL ? weir__plan_certificate(plan, true, in_flight, workers) : 0;
}

uint32_t weir_plan_layers(const weir_plan *plan)
{
    return plan != NULL ? plan->layers - 1 : 0;
}

/* Most branches of a layer in one run: the product of its ancestors' fanouts; for a recursive layer
 * the sum over its depths. */
static uint64_t most_branches(const weir_plan *plan, uint32_t i)
{
    uint64_t most = 1;
    WEIR_ASSERT(i > 0 && i < plan->layers);
    for (uint32_t ancestor = 1; ancestor < i; ancestor++)
        most = weir__bytes_multiply(most, plan->layer[ancestor].op.fanout);
    if (!plan->layer[i].recursive)
        return most;
    uint64_t sum = 0;
    for (uint32_t depth = 0; depth < plan->layer[i].op.max_depth && sum != UINT64_MAX; depth++) {
        const uint64_t before = sum;
        sum = weir__bytes_add(sum, most);
        most = weir__bytes_multiply(most, plan->layer[i].op.fanout);
        if (plan->layer[i].op.fanout == 1) /* each depth adds the same */
            return weir__bytes_multiply(sum - before, plan->layer[i].op.max_depth);
    }
    return sum;
}

weir_status weir_plan_describe(const weir_plan *plan, uint32_t i, weir_plan_layer *layer)
{
    if (plan == NULL || layer == NULL)
        return weir__error_null(plan == NULL ? "plan" : "layer");
    if (i >= plan->layers - 1)
        return weir__error_set(WEIR_EINVAL, 0, "i", "there is no layer %u; the plan has %u, from 0",
                               i, plan->layers - 1);
    const weir__layer *from = &plan->layer[i + 1];
    *layer = (weir_plan_layer){
        .name = from->op.name,
        .fanout = from->op.fanout,
        .max_depth = from->op.max_depth,
        .max_branches = most_branches(plan, i + 1),
        .frame_bytes = weir__bytes_add(from->frame_bytes, from->op.held_bytes),
        .branch_bytes = weir__bytes_add(from->branch_memory, from->branch_declared),
        .part_bytes = from->op.fanout > 1 ? part_bytes(from) : 0,
        .scratch_bytes = from->op.scratch_bytes,
    };
    if (from->op.fanout == 0)
        layer->frame_bytes = layer->branch_bytes;
    return WEIR_OK;
}
