/* The constants that trade one cost for another, in one table.
 *
 * Each names its unit, what is lost with less and with more, and the measurement that shows it: a suite
 * of `weir-bench` (bench/README.md), or `streams`.  All were chosen on a machine with two cores, and
 * nobody has swept them on many yet.  What is a limit of the design and no trade (numbers of runs,
 * layers of a plan) stands where it is used. */
#ifndef WEIR_TUNING_H
#define WEIR_TUNING_H

/* clang-format off */

/* ---- a worker without work (worker.c) ---- */

/* ns that it searches before it sleeps. Less: a run ends 15 to 40 us later, for waking a sleeper. More: it
 * keeps a core from others. About as long as libgomp's threads spin in a barrier.  fork-join, costs */
#define WEIR_SEARCH_NS         1000000
/* The same for workers of a stream, and for programs that wait for one: a stream is there for long, and
 * the programs' threads are more than there are cores.  streams */
#define WEIR_SEARCH_STREAM_NS    20000
/* ns that an item waits for parts of its own before it is suspended. Less: frames are left to other
 * workers for a part that is nearly done, which costs a task. More: a worker stands still.  fork-join */
#define WEIR_JOIN_NS            100000
/* ns between two requests of a searching worker. Less: busy workers look up more often in vain. More:
 * what was not there at the first request waits longer.  grain */
#define WEIR_ASK_NS              20000
/* ns in which the workers that search write the words of the busy ones at most once, however many they
 * are. Less: the busy ones of a large team are asked all the time.  grain, with many workers */
#define WEIR_ASK_GAP_NS           5000

/* ---- a run without its team (alone.c) ---- */

/* ns of work up to which runs begin alone, where the team has cost them more than it has gained.
 * Less: on a crowded machine longer ones wait for others' time slices. More: a run that turns out
 * long is alone for longer.  costs */
#define WEIR_ALONE_WORK_NS      200000
/* ns that a run goes on alone beyond twice what such runs have taken. Less: ups and downs call a
 * team that is not needed. More: a long run after short ones is shared later.  costs */
#define WEIR_ALONE_MARGIN_NS     10000
/* ns that a run which is alone takes for itself, beside its items.  costs */
#define WEIR_ALONE_COST_NS        1000
/* The same where a run's time is known beforehand. Less: on a crowded machine lanes of a plan wait for time slices
 * that others have of the other lanes' cores. More: it takes longer to learn that they have none. */
#define WEIR_ALONE_PLANNED_NS  20000000
/* ns of running alone, at least, before the team is tried again. Less: tries cost more than a few
 * per cent on a crowded machine. More: nobody notices for as long that a team would help again.
 * costs */
#define WEIR_ALONE_SPELL_NS  100000000
/* ns that the team may cost in vain before runs begin alone, and the most that one run can cost.
 * Less: a hiccup of the system keeps runs from a team that helps. More: short runs pay for theirs
 * longer.  costs */
#define WEIR_VAIN_MOST_NS      1000000
/* The same in a try, which begins by waking threads that have gone to sleep.  costs */
#define WEIR_VAIN_TRY_NS        100000

/* ---- roots beside each other (choose.c) ---- */

/* ns that new roots may have been ahead of what was there before them, until that has its turn. Less: a
 * stream gets little beside runs that take longer. More: after such a run the next one waits longer. */
#define WEIR_OWED_MOST_NS     10000000

/* ---- handing out (credit.c) ---- */

/* ns of running that earn a credit; a promotion costs some tenths of a microsecond, or several with a
 * wake. Less: overhead where there is never work for two. More: few parts where there is.  chain */
#define WEIR_EARN_NS             20000
/* Credits that a team may save, for each worker. Less: a wide list is handed out slowly. More: many
 * promotions in vain where branches turn out tiny. Three are better for the chain, and worse for an
 * unbalanced tree.  chain, fork-join */
#define WEIR_CREDITS_A_WORKER        4
/* ns below which an item was not worth its promotion, and costs a second credit. chain, grain */
#define WEIR_SMALL_NS             5000
/* ns that a worker rests after the first of several small items in a row, and doubles up to the second
 * figure. Less: a chain of tiny branches is slowed by requests. More: work that gets larger is found
 * late.  chain */
#define WEIR_REST_LEAST_NS       20000
#define WEIR_REST_MOST_NS        80000

/* ---- polls of a busy worker (pipeline/promote.c) ---- */

/* ns between two looks at what others want, while nothing can be handed out. Less: the clock costs as
 * much as a few small branches. More: demand is seen late.  costs, grain */
#define WEIR_PASS_NS              4000
/* Polls that go by between two such looks at most; one less than a power of two. More would be felt where
 * ops get longer all at once.  grain */
#define WEIR_PASS_MOST             511
/* Where that many go by, ops are so short that the next request comes soon enough.  grain */
#define WEIR_PASS_ENOUGH            63

/* ---- batches ---- */

/* ns of one call of a range op. Less: the call costs more than short leaves, and it is not worth
 * vectorising. More: demand is seen late.  numeric, grain */
#define WEIR_CHUNK_NS            10000
/* Small calls of a range op between two that are timed: a look at the clock costs some leaves.  grain */
#define WEIR_CHUNK_UNTIMED          15
/* Leaves in one call at most; it bounds what a call does after leaves have become slower.  numeric */
#define WEIR_CHUNK_MOST      (1u << 20)
/* ns of the calls of a stage that one claim takes. Less: the stage's lock costs more than short calls.
 * More: other workers find nothing to do.  streams */
#define WEIR_BATCH_NS             5000
/* Small batches between two that are timed.  streams */
#define WEIR_BATCH_UNTIMED           7
/* Calls in a batch at most.  streams */
#define WEIR_BATCH_MOST             64
/* If so many calls are worth one claim they are not divided among workers: they are very short, and
 * shared lines would cost more.  streams */
#define WEIR_BATCH_SHARED           16
/* Bytes of inputs that a job keeps for its batch; larger records make smaller batches.  streams */
#define WEIR_JOB_BYTES            4096

/* ---- tasks of graphs (graph/) ---- */

/* ns from which on an op counts as long: before it, the worker puts its other ready tasks where others can
 * take them. Less: that costs some tenths of a microsecond for each op. More: others wait for so long.
 * patterns */
#define WEIR_LONG_NS              2000
/* So many short calls of an op in a row make it known as short. Less: one that is not is taken for it.
 * More: the first tasks of a run cost more. */
#define WEIR_SHORT_ENOUGH            4
/* ns of one call for several tasks of a family. Less: the call costs more than short tasks. More: what
 * becomes ready with them waits. */
#define WEIR_CLUMP_NS             5000
/* ns that a graph's tasks take on average below which runs follow a plan. Less: deciding costs more than the
 * tasks. More: tasks that do not take what they took before wait for one another. */
#define WEIR_PLANNED_NS           8000
/* ns from which on a task keeps a graph from having a plan, where such tasks are most of its time. Less: even
 * ones are left to chance. More: one that is late keeps others waiting. */
#define WEIR_PLANNED_LONG_NS     20000
/* Tasks without which there is no plan. Less: a few samples say too little. */
#define WEIR_PLANNED_TASKS          32
/* Tasks with which there is none any more. Less: large graphs of tiny tasks are slow. More: a plan takes seconds,
 * and meanwhile several times the memory of its graph. */
#define WEIR_PLANNED_MOST      4194304
/* ns that a worker waits for other lanes before it leaves. Less: to come back costs some tenths of a
 * microsecond for two workers. More: it is kept from other runs. */
#define WEIR_LANE_WAIT_NS        20000
/* ns in which it leaves the lanes of others to them, while each has its own worker. Less: lanes change
 * their cores when one is late. More: a late one is waited for. */
#define WEIR_LANE_OWN_NS          4000
/* ns of a run in which its tasks are counted, to compare sharing them with running them alone; and the same
 * where others still have some, until that is given up. Less: chance decides. More: a run of tiny tasks is
 * slow for longer.  patterns */
#define WEIR_GAIN_FIGURE_NS       100000
#define WEIR_GAIN_WAIT_NS          50000
/* ns of runs until the other way is tried again: after a change, and at most, since that doubles. Less: tries
 * cost more than a few per cent. More: what is wrong stays for longer.  patterns */
#define WEIR_GAIN_STAY_LEAST_NS  1000000
#define WEIR_GAIN_STAY_MOST_NS 128000000
/* Ready tasks of one list that are walked along at most to divide it. Less: of a very long list most is
 * handed out, time after time. More: who wants work waits for that. */
#define WEIR_SPLIT_MOST           4096

/* ---- compiling graphs (graph/sift.c) ---- */

/* What the search for redundant edges may cost at first, and most that it saves: entries of lists of
 * predecessors. Less: in a large graph those are kept that begin late. More: a graph without any is compiled
 * later.  graphs (making it) */
#define WEIR_SEARCH_MOST         65536
/* What it costs to look at one more list, beside its entries: it is nowhere near. */
#define WEIR_SEARCH_ROW             16
/* What it may cost to find one edge, which costs some nanoseconds in each run. Less: they are kept where one
 * list in ten or so has one. More: compile takes longer than many runs win back. */
#define WEIR_SEARCH_FOUND          512
/* Once that is spent, what it may cost again for each so many tasks. Less: where redundant edges come
 * late, more of them are kept. More: as for the most. */
#define WEIR_SEARCH_AGAIN          256
#define WEIR_SEARCH_TASKS         1024

/* ---- space ---- */

/* Parts that may be out for each worker, where the program does not say. Less: no permit where branches
 * are uneven. More: bytes, as the certificate counts them.  memory, fork-join */
#define WEIR_IN_FLIGHT_A_WORKER      4
/* Frames of one stack that may have parts out; below them nothing is handed out. There are seldom more than
 * a few. More: a larger record on the stack of each worker.  fork-join (the unbalanced tree) */
#define WEIR_MOST_CUT              256

/* clang-format on */

#endif
