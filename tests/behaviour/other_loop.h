/* What loop_version_test and the loops of other versions share. */
#ifndef OTHER_LOOP_H
#define OTHER_LOOP_H

#include "weir/pipeline.h"

/* TOP and its child; TOP's own loop is set by the test. */
extern weir_layer other_layers[2];

void loop_of_another_number(weir_loop *loop);
void loop_of_another_record(weir_loop *loop);

#endif
