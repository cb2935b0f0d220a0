/* The stack of what a thread is; see here.h. */
#include "sched/here.h"

#include "base/fork.h"
#include "sched/worker.h"

static _Thread_local weir__here *top;

weir__here *weir__here_top(void)
{
    return top != NULL && top->process == weir__fork_process() ? top : NULL;
}

weir__here *weir__here_on(const struct weir_engine *engine)
{
    weir__here *here = weir__here_top();
    while (here != NULL && here->worker->engine != engine)
        here = here->outer;
    return here;
}

void weir__here_enter(weir__here *here, struct weir__worker *worker)
{
    WEIR_ASSERT(worker != NULL);
    *here = (weir__here){.worker = worker, .outer = top, .process = weir__fork_process()};
    top = here;
}

void weir__here_leave(const weir__here *here)
{
    WEIR_ASSERT(top == here);
    top = here->outer;
}
