/* Credits: earned by running, spent by promotions; see credit.h. */
#include "sched/credit.h"

#include "sched/tuning.h"

void weir__credit_open(weir__purse *purse, unsigned team)
{
    store_relaxed(&purse->most, WEIR_CREDITS_A_WORKER * (int)team);
    store_relaxed(&purse->credits, WEIR_CREDITS_A_WORKER * (int)team);
}

void weir__credit_begin(weir__worker *worker, uint64_t now_ns)
{
    worker->earned_at_ns = now_ns - worker->unpaid_ns;
}

void weir__credit_earn(weir__purse *purse, weir__worker *worker, uint64_t now_ns)
{
    WEIR_ASSERT(now_ns >= worker->earned_at_ns); /* time is paid for once */
    if (now_ns < worker->earned_at_ns + WEIR_EARN_NS)
        return;
    const uint64_t earned = (now_ns - worker->earned_at_ns) / WEIR_EARN_NS;
    worker->earned_at_ns += earned * WEIR_EARN_NS;
    const int missing = load_relaxed(&purse->most) - weir__credit_left(purse);
    if (missing > 0)
        add_relaxed(&purse->credits, earned < (uint64_t)missing ? (int)earned : missing);
}

void weir__credit_waited(weir__worker *worker, uint64_t ns)
{
    worker->earned_at_ns += ns;
}

void weir__credit_end(weir__purse *purse, weir__worker *worker, uint64_t now_ns, uint64_t ran_ns,
                      bool handed)
{
    weir__credit_earn(purse, worker, now_ns);
    worker->unpaid_ns = now_ns - worker->earned_at_ns;
    WEIR_ASSERT(worker->unpaid_ns < WEIR_EARN_NS && worker->rest_ns <= WEIR_REST_MOST_NS);
    worker->counts.busy_ns += ran_ns;
    if (!handed)
        return;
    if (ran_ns >= WEIR_SMALL_NS) {
        worker->rest_ns = 0;
        return;
    }
    if (worker->rest_ns < WEIR_REST_MOST_NS)
        worker->rest_ns = worker->rest_ns == 0 ? WEIR_REST_LEAST_NS : 2 * worker->rest_ns;
    if (weir__credit_left(purse) >= 0)
        weir__credit_spend(purse);
}
