/* Checks the description of a pipeline, field by field.
 *
 * Called by weir_plan_compile() before anything is built from it.  It must never change the
 * description, nor follow a chain that does not end. */
#ifndef WEIR_CHECK_H
#define WEIR_CHECK_H

#include "base/base.h"
#include "weir/pipeline.h"

/* WEIR_OK with the number of layers, or WEIR_EINVAL naming layer and field. */
weir_status weir__check_layers(const weir_layer *top, uint32_t *layers) WEIR_MUST_CHECK;

#endif
