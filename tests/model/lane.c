/* Two workers look after two lanes: each clump is run once, after those that it waits for, and who is last
 * finds what is left.
 *
 * MODEL_CLUMPS are in lane 1, 0 and 1, in this order; each waits for the one before. */
#include "model.h"

#include "graph/lane.h"

#if defined(MODEL_CHECKED)
#include "graph/lane.c"

/* Memory that is read in the pieces in which it was written. */
static struct {
    weir__lanes head;
    weir__lane lane[2];
} block;

void *weir__memory_alloc_zero(size_t bytes)
{
    (void)bytes;
    return &block;
}

void weir__memory_free(void *unused)
{
    (void)unused;
}

void weir__plan_free(weir__plan *plan)
{
    (void)plan;
}
#endif

#if !defined(MODEL_CLUMPS)
#define MODEL_CLUMPS 3
#endif

enum { WORKERS = 2, LANES = 2, CLUMPS = MODEL_CLUMPS };

static uint32_t begins[LANES + 1] = {0, 1, CLUMPS};
static weir__clump clump[] = {{.waits_end = 1}, {.waits_end = 1}, {.waits_end = 2}};
static weir__wait wait_for[] = {{.lane = 1, .clumps = 1}, {.lane = 0, .clumps = 1}};
static weir__plan plan = {.lanes = LANES, .lane = begins, .clump = clump, .wait = wait_for};

static weir__lanes *l;
static int order; /* plain, as the next: clumps that were run */
static int ran_at[CLUMPS];

static void run_clump(uint32_t c)
{
    static const int place[] = {1, 0, 2};
    assert(order == place[c]); /* all of them wait for the one before */
    ran_at[c] = ++order;
}

static void run_lane(uint32_t lane)
{
    uint32_t done = load_relaxed(&l->lane[lane].done);
    do {
        run_clump(begins[lane] + done);
        weir__lane_finish(l, lane, ++done);
    } while (weir__lane_may_go_on(l, lane));
    weir__lane_release(l, lane);
}

static void model_thread(unsigned me)
{
    for (;;) {
        uint32_t lane = weir__lanes_claim(l, me);
        if (lane == WEIR_NO_LANE) {
            if (weir__lanes_are_finished(l) || weir__lanes_leave(l))
                return;
            lane = weir__lanes_claim(l, me);
            assert(lane != WEIR_NO_LANE || weir__lanes_are_finished(l));
            if (lane == WEIR_NO_LANE)
                return;
        }
        run_lane(lane);
    }
}

static void model_round(void)
{
    if (l == NULL)
        l = weir__lanes_open(&plan);
    assert(l != NULL);
    order = 0;
    for (uint32_t c = 0; c < CLUMPS; c++)
        ran_at[c] = 0;
    weir__lanes_begin(l);
    weir__lanes_enter(l);
    model_run(WORKERS);
    assert(order == CLUMPS && weir__lanes_are_finished(l) && weir__lanes_are_valid(l));
    for (uint32_t c = 0; c < CLUMPS; c++)
        assert(ran_at[c] > 0);
}
