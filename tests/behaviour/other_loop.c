/* A layer's loop as an object file has it that was compiled with the headers of another version.
 *
 * tests/CMakeLists.txt compiles it with changed copies of weir/detail/loop.h, each under a name of
 * its own; loop_version_test calls it.  It must never be compiled with the right headers. */
#include "other_loop.h"

#include "weir/inline.h"

void OTHER_LOOP(weir_loop *loop)
{
    weir_loop_run(loop, &other_layers[0], &other_layers[1]);
}
