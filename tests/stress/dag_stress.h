/* Runs of random graphs that stop. */
#ifndef WEIR_TESTS_DAG_STRESS_H
#define WEIR_TESTS_DAG_STRESS_H

#include "dag_support.h"

static inline void run_and_fail(dag *d, weir_engine *engine, uint64_t *random)
{
    dag_reset(d);
    d->fails_at = (uint32_t)draw(random, d->n);
    assert_status(WEIR_EOP, weir_graph_run(engine, d->graph));
    assert_int_equal(weir_last_error()->code, 42);
    dag_check_stopped(d);
    d->fails_at = d->n;
}

static inline void run_and_cancel(dag *d, weir_engine *engine, uint64_t *random)
{
    canceller c = {engine, (unsigned)draw(random, 1000)};
    pthread_t thread;
    dag_reset(d);
    d->salt++;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    const weir_status status = weir_graph_run(engine, d->graph);
    pthread_join(thread, NULL);
    if (status == WEIR_OK) {
        dag_check(d);
    } else {
        assert_int_equal(status, WEIR_ECANCEL);
        dag_check_stopped(d);
    }
}

#endif
