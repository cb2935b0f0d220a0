/* Ops that are compiled into the loop which calls them.
 *
 * weir calls an op through a pointer, at two to three nanoseconds a branch. That is nothing beside
 * an op that computes for a hundred, and most of the time of one that adds two numbers.  For those
 * a layer may bring its own `loop`: weir's depth-first loop, compiled in the program with the
 * layer's ops inlined, as a template of C++ would be:
 *
 *     static void fib_loop(weir_loop *loop);
 *     static const weir_layer fib = {.name = "fib", ..., .child = &fib, .loop = fib_loop};
 *     static void fib_loop(weir_loop *loop)
 *     {
 *         weir_loop_run(loop, &fib, &fib);
 *     }
 *
 * All else stays as it is: when work is handed out, the window, the certificate, failures, and the
 * results to the bit.  The loop is a part of the library that stands in the program's object files:
 * what was compiled with the headers of one version and is linked with the library of another is
 * refused by weir_plan_compile().  A program must never use what is called weir__. */
#ifndef WEIR_INLINE_H
#define WEIR_INLINE_H

#include "weir/detail/loop.h"
#include "weir/pipeline.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The body of a layer's loop, and all that it may do.
 *
 * layer:    the layer's description, and
 * child:    that of its child, which may be the layer itself: constants that the compiler can see.
 *           A plan may be compiled from copies of them with another name, max_depth, scratch_bytes,
 *           held_bytes or child; weir_plan_compile() refuses copies with other ops, sizes or
 *           fanout.
 * Owns:     nothing is kept but the pointers, while weir_plan_compile() looks at them.
 * Threads:  those that run ops.
 * Cost:     code where it stands: some hundred instructions and the ops. */
WEIR__ALWAYS_INLINE void weir_loop_run(weir_loop *loop, const weir_layer *layer,
                                       const weir_layer *child)
{
    if (loop->frame != NULL) {
        weir__loop_layer(loop, layer, child);
    } else {
        loop->probe->abi = WEIR__LOOP_ABI;
        loop->probe->layer = layer;
        loop->probe->child = child;
    }
}

#ifdef __cplusplus
}
#endif
#endif
