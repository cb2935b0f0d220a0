/* Taskflow as a contestant: the executor of its two programs.
 *
 * Their run functions use it; taskflow_threads.cpp opens and closes it.  There must never be a
 * second one: an executor starts all of its threads. */
#ifndef WEIR_BENCH_TASKFLOW_THREADS_HPP
#define WEIR_BENCH_TASKFLOW_THREADS_HPP

#include <taskflow/taskflow.hpp>

#include "contestant.h"

tf::Executor &taskflow_threads();

#endif
