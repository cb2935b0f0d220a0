/* Checks the description of a pipeline; see check.h. */
#include "pipeline/check.h"

#include "base/error.h"
#include "base/options.h"
#include "weir/detail/loop.h" /* weir__probe */

#define MOST_LAYERS 1000

/* One thing wrong with one field. */
static weir_status wrong(const weir_layer *layer, const char *field, const char *text)
{
    return weir__error_field("layer", layer->name, field, text);
}

/* What two layers are to the loop of their parent. */
static bool same_as_child(const weir_layer *a, const weir_layer *b)
{
    return a->in_bytes == b->in_bytes && a->out_bytes == b->out_bytes && a->fanout == b->fanout &&
           a->count == b->count && a->leaf == b->leaf && a->gather == b->gather;
}

/* The loop has other ops compiled in than the layer says, or none, or it was compiled for other
 * records than this library's: an error here, where it would be a wrong result later. */
static weir_status check_loop(const weir_layer *layer)
{
    /* The room is for headers from before there was an ABI number: their loops know of no probe,
     * and write behind where weir_loop ends now. */
    weir__probe as = {.abi = 0};
    union {
        weir_loop loop;
        char room[2 * sizeof(weir_loop)];
    } call = {.loop = {.probe = &as}};
    if (layer->child->leaves != NULL)
        return wrong(layer, "loop",
                     "a loop is for children with split and leaf ops, but these are "
                     "computed by a leaves op");
    layer->loop(&call.loop);
    WEIR_ASSERT(call.loop.frame == NULL && call.loop.branches == 0); /* it has run nothing */
    if (as.abi == 0)
        return wrong(layer, "loop",
                     "it does not call weir_loop_run(), or it was compiled with the headers of an "
                     "older weir: then recompile it");
    if (as.abi != WEIR__LOOP_ABI)
        return wrong(layer, "loop",
                     "it was compiled with the headers of another version of weir; recompile it "
                     "with those of this library");
    if (as.layer->split != layer->split || as.layer->gather != layer->gather ||
        as.layer->fanout != layer->fanout)
        return wrong(layer, "loop",
                     "it is compiled for a layer with another split, gather or fanout");
    if (!same_as_child(as.child, layer->child))
        return wrong(layer, "loop",
                     "it is compiled for children with other ops, in_bytes, out_bytes "
                     "or fanout");
    return WEIR_OK;
}

static weir_status check_leaf_layer(const weir_layer *layer, bool top)
{
    if (layer->child != NULL)
        return wrong(layer, "child", "a layer with fanout 0 is a leaf layer and has no child");
    if (layer->max_depth != 0)
        return wrong(layer, "max_depth", "only a layer that is its own child has a max_depth");
    if (layer->count != NULL)
        return wrong(layer, "count", "a leaf layer (fanout 0) has no count op");
    if (layer->split != NULL)
        return wrong(layer, "split", "a leaf layer (fanout 0) has no split op");
    if (layer->gather != NULL)
        return wrong(layer, "gather", "a leaf layer (fanout 0) has no gather op");
    if (layer->loop != NULL)
        return wrong(layer, "loop", "a leaf layer (fanout 0) has no children to loop over");
    if (layer->leaf == NULL && layer->leaves == NULL)
        return wrong(layer, "leaf", "a leaf layer (fanout 0) needs a leaf or a leaves op");
    if (top && layer->leaf == NULL)
        return wrong(layer, "leaf",
                     "the top layer has no branch above it for a leaves op, so it "
                     "needs a leaf op");
    return WEIR_OK;
}

static weir_status check_inner_layer(const weir_layer *layer)
{
    const bool recursive = layer->child == layer;
    if (layer->child == NULL)
        return wrong(layer, "child", "an inner layer (fanout not 0) needs a child layer");
    if (layer->leaves != NULL)
        return wrong(layer, "leaves", "only a leaf layer (fanout 0) has a leaves op");
    if (layer->split == NULL && (layer->child->fanout != 0 || layer->child->leaves == NULL))
        return wrong(layer, "split",
                     "an inner layer needs a split op, unless its children are "
                     "computed by a leaves op");
    if (layer->gather == NULL)
        return wrong(layer, "gather", "an inner layer (fanout not 0) needs a gather op");
    if (recursive && layer->max_depth == 0)
        return wrong(layer, "max_depth",
                     "a layer that is its own child needs a max_depth of at "
                     "least 1: most branches of it on one path");
    if (recursive && layer->count == NULL)
        return wrong(layer, "count",
                     "a layer that is its own child needs a count op, which gives "
                     "0 where the recursion ends");
    if (!recursive && layer->max_depth != 0)
        return wrong(layer, "max_depth", "only a layer that is its own child has a max_depth");
    return layer->loop != NULL ? check_loop(layer) : WEIR_OK;
}

static weir_status check_layer(const weir_layer *layer, bool top)
{
    if (layer->name == NULL || *layer->name == '\0')
        return weir__error_set(WEIR_EINVAL, 0, "name",
                               "a layer has no name; each needs one, for errors and reports");
    if (!weir__options_reserved_is_zero(layer->reserved, sizeof layer->reserved))
        return wrong(layer, "reserved", WEIR_RESERVED_TEXT);
    return layer->fanout == 0 ? check_leaf_layer(layer, top) : check_inner_layer(layer);
}

weir_status weir__check_layers(const weir_layer *top, uint32_t *layers)
{
    if (top == NULL)
        return weir__error_set(WEIR_EINVAL, 0, "top", "top is NULL; it is the top layer");
    *layers = 0;
    for (const weir_layer *layer = top;; layer = layer->child) {
        const weir_status status = check_layer(layer, layer == top);
        if (status != WEIR_OK)
            return status;
        if (++*layers > MOST_LAYERS)
            return wrong(layer, "child",
                         "the chain of layers does not end within 1000; a layer may"
                         " be its own child, but not a layer above it");
        if (layer->child == NULL || layer->child == layer)
            return WEIR_OK;
    }
}
