/* A worker has cut two parts off a frame, looks whether they are complete, and suspends it if not,
 * while their workers complete them: exactly one worker gathers the frame, and sees all results and
 * what was noted when it was suspended. */
#include "model.h"

#include "pipeline/promote.h"

#if defined(MODEL_CHECKED)
#include "pipeline/promote.c"

void weir__window_complete(weir__window *window, void *block, uint64_t held)
{
    (void)window, (void)block, (void)held;
}

weir__item *weir__part_gather(weir__worker *worker, weir__item *part)
{
    (void)worker;
    return part;
}
#endif

enum { PARTS = 2 };

static weir__run run;
static weir__pipeline pipeline = {.run = &run};
static weir__part *part[PARTS];
static weir__part owner;
static weir__frame frame;
static int result[PARTS]; /* plain: the slots that the parts write */
static int gathered;      /* plain: two that gather would race */

static void gather(void)
{
    for (unsigned i = 0; i < PARTS; i++)
        assert(result[i] == 1);
    gathered++;
}

/* What suspend and complete return: NULL, or the item that gathers. */
static void go_on_with(const weir__item *item)
{
    if (item == NULL)
        return;
    assert(item == &owner.item && item->run == weir__part_gather && owner.suspended_at == &frame);
    gather();
}

static void model_thread(unsigned me)
{
    if (me < PARTS) {
        result[me] = 1;
        go_on_with(weir__promote_complete(part[me]));
    } else if (!weir__frame_has_parts(&frame)) {
        gather();
    } else {
        go_on_with(weir__promote_suspend(&owner, &frame));
    }
}

/* ---- memory of parts ---- */

#if defined(MODEL_CHECKED)
static weir__part blocks[PARTS];

static void begin(void)
{
    for (unsigned i = 0; i < PARTS; i++)
        part[i] = &blocks[i];
}

static void end(void)
{
}
#else
static weir__budget budget;
static weir__windows windows;
static void *root;

/* Each round with a window of its own. */
static void begin(void)
{
    const weir__limits limits = {.max_in_flight = PARTS, .limit_bytes = 1 << 20, .parent = &budget};
    weir__budget_open(&budget, NULL, WEIR_NO_LIMIT);
    weir__windows_open(&windows, &budget);
    const weir_status opened = weir__window_open(&run.window, &windows);
    const weir_status begun = weir__window_begin(&run.window, &limits, WEIR_LINE, 0, &root);
    assert(opened == WEIR_OK && begun == WEIR_OK);
    (void)opened, (void)begun;
    weir__window_set_team(&run.window, PARTS + 1);
    for (unsigned i = 0; i < PARTS; i++) {
        part[i] = weir__window_admit(&run.window, sizeof *part[i], 0);
        assert(part[i] != NULL);
    }
}

static void end(void)
{
    weir__window_end(&run.window, root, 0); /* every permit and byte is back */
    weir__window_close(&run.window);
    weir__windows_close(&windows);
}
#endif

static void model_round(void)
{
    begin();
    for (unsigned i = 0; i < PARTS; i++) {
        part[i]->pipeline = &pipeline;
        part[i]->from = &frame;
        part[i]->declared = 0;
        part[i]->view.parts = 0;
        result[i] = 0;
    }
    owner.suspended_at = NULL;
    frame.token = 0;
    frame.parts = PARTS;
    gathered = 0;
    model_run(PARTS + 1);
    assert(gathered == 1);
    end();
}
