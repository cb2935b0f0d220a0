/* A stream: its stages, and what it has reserved.
 *
 * build.c fills it, stream.c starts and closes it, work.c is what its workers do, pull.c serves the
 * program's side.  It must never change its stages once it is started. */
#ifndef WEIR_STREAM_INTERNAL_H
#define WEIR_STREAM_INTERNAL_H

#include "base/base.h"
#include "sched/life.h"
#include "stream/stage.h"
#include "weir/stream.h"

struct weir_stream {
    weir_engine *engine;
    weir__run *run;       /* the engine's root, which is this stream's once it is started */
    weir__life life;      /* from start to close */
    weir__stage **stages; /* in the order of their making, so inputs come first */
    unsigned count, room;
    bool started;
    weir__chores chores;
    atomic_bool closing;     /* by the thread that closes it */
    atomic_bool cancel_told; /* programs that wait know of a cancel */
};

/* Was it started before this process was forked off? Then it is the parent's. */
bool weir__stream_is_lost(const weir_stream *s);
weir_status weir__stream_refuse_lost(void);

/* What its workers do from start to close. */
weir__chores weir__stream_chores(weir_stream *s);

#endif
