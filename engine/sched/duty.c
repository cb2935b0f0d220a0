/* Who the thread is, and the task around it; see duty.h. */
#include "sched/duty.h"

#include "sched/enclose.h"
#include "sched/here.h"

typedef struct duty {
    weir__worker *worker;
    weir__item *item; /* to begin with; NULL: none */
} duty;

/* By way of an exception as well. */
static void leave(weir__here *here)
{
    if (here->worker->choice != NULL)
        here->worker->choice->rest(here->worker);
    weir__here_leave(here);
}

static void do_duty(void *argument)
{
    const duty *d = argument;
    weir__here here __attribute__((cleanup(leave)));
    weir__here_enter(&here, d->worker);
    weir__worker_work(d->worker, d->item, NULL);
}

void weir__duty_do(weir__worker *worker, weir__item *item, unsigned team)
{
    duty d = {.worker = worker, .item = item};
    if (team == 1)
        do_duty(&d);
    else
        weir__enclose_worker(do_duty, &d);
}
