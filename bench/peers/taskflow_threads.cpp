/* The executor of Taskflow's two programs; see taskflow_threads.hpp. */
#include "taskflow_threads.hpp"

#include <pthread.h>

#include <optional>

static std::optional<tf::Executor> executor;

tf::Executor &taskflow_threads()
{
    return *executor;
}

/* A worker that waits runs any other task meanwhile, on the same stack: for uts that needs more
 * than 16 MiB. */
static void give_threads_deep_stacks()
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{256} << 20);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

bool contestant_open(const problem *p)
{
    give_threads_deep_stacks();
    executor.emplace(p->workers);
    return true;
}

void contestant_close(void)
{
    executor.reset();
}

const char *contestant_about(void)
{
    static char text[128];
    snprintf(text, sizeof text, "Taskflow %s, " __VERSION__, tf::version());
    return text;
}
