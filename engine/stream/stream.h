/* A stream: its stages, its host thread, and what it has reserved.
 *
 * build.c fills it, stream.c starts and closes it, work.c is what its workers do, pull.c serves the
 * program's side.  It must never change its stages once it is started. */
#ifndef WEIR_STREAM_INTERNAL_H
#define WEIR_STREAM_INTERNAL_H

#include "base/base.h"
#include "sched/engine.h"
#include "stream/stage.h"
#include "weir/stream.h"

struct weir_stream {
    weir_engine *engine;
    weir__stage **stages; /* in the order of their making, so inputs come first */
    unsigned count, room;
    bool started;
    uint64_t began_ns;
    weir__chores chores;
    bool closing;            /* by the thread that closes it */
    pthread_t host;          /* opens the team's region, and is its worker 0 */
    atomic_bool cancel_told; /* programs that wait know of a cancel */
};

/* Workers and programs look around for so long before they sleep: sleeping and waking costs some
 * microseconds on both sides. */
#define WEIR_SPIN_NS 20000

/* Was it started before this process was forked off? Then it is the parent's. */
bool weir__stream_is_lost(const weir_stream *s);
weir_status weir__stream_refuse_lost(void);

/* Before the team enters: its workers are to do this stream's calls. */
void weir__stream_assign(weir_stream *s);
/* What each worker (weir__worker) does from start to close. */
void weir__stream_work(void *worker);

#endif
