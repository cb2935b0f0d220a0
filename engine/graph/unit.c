/* Makes units of tasks, and larger ones of units; see unit.h. */
#include "graph/unit.h"

#include <string.h>

#include "base/memory.h"

/* ---- memory ---- */

/* What all units have. */
static bool take_memory(weir__units *u)
{
    const size_t n = u->n + (size_t)1;
    u->succ_at = weir__memory_alloc(n * sizeof *u->succ_at);
    u->depth = weir__memory_alloc_zero(n * sizeof *u->depth);
    u->needs_last = weir__memory_alloc_zero(n * sizeof *u->needs_last);
    return u->succ_at != NULL && u->depth != NULL && u->needs_last != NULL;
}

void weir__units_close(weir__units *u)
{
    void *blocks[] = {u->first,      u->own_cost, u->succ_at, u->own_succ,    u->weight,  u->depth,
                      u->needs_last, u->pred_at,  u->pred,    u->pred_weight, u->by_depth};
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++)
        weir__memory_free(blocks[i]);
    *u = (weir__units){0};
}

/* ---- what edges say ---- */

/* Units tell those behind them. */
static bool find_depths(weir__units *u)
{
    double *end_ns = weir__memory_alloc_zero((u->n + (size_t)1) * sizeof *end_ns);
    if (end_ns == NULL)
        return false;
    for (uint32_t i = 0; i < u->n; i++) {
        const double end = end_ns[i] + (double)u->cost[i];
        const uint32_t depth = u->depth[i] + 1;
        bool next_needs = false;
        u->path_ns = end > u->path_ns ? end : u->path_ns;
        for (uint32_t e = u->succ_at[i]; e < u->succ_at[i + 1]; e++) {
            const uint32_t s = u->succ[e];
            WEIR_ASSERT(s > i && s < u->n);
            end_ns[s] = end > end_ns[s] ? end : end_ns[s];
            u->depth[s] = depth > u->depth[s] ? depth : u->depth[s];
            next_needs = next_needs || s == i + 1;
        }
        u->needs_last[i + 1] = next_needs;
    }
    weir__memory_free(end_ns);
    return true;
}

bool weir__units_turn(weir__units *u)
{
    const size_t n = u->n + (size_t)1, m = u->edges + (size_t)1;
    uint32_t *at = weir__memory_alloc_zero(n * sizeof *at); /* there are at most n depths */
    bool ok = at != NULL;
    ok = (u->pred_at = weir__memory_alloc_zero((n + 1) * sizeof *u->pred_at)) != NULL && ok;
    ok = (u->pred = weir__memory_alloc(m * sizeof *u->pred)) != NULL && ok;
    ok = (u->by_depth = weir__memory_alloc(n * sizeof *u->by_depth)) != NULL && ok;
    if (u->weight != NULL)
        ok = (u->pred_weight = weir__memory_alloc(m * sizeof *u->pred_weight)) != NULL && ok;
    if (!ok) {
        weir__memory_free(at);
        weir__units_close(u);
        return false;
    }
    for (uint32_t e = 0; e < u->edges; e++)
        u->pred_at[u->succ[e] + 2]++;
    for (uint32_t i = 0; i < u->n; i++)
        u->pred_at[i + 1] +=
            u->pred_at[i]; /* [i + 1]: where those of i go next, which becomes their end */
    for (uint32_t i = 0; i < u->n; i++)
        for (uint32_t e = u->succ_at[i]; e < u->succ_at[i + 1]; e++) {
            const uint32_t to = u->pred_at[u->succ[e] + 1]++;
            u->pred[to] = i;
            if (u->weight != NULL)
                u->pred_weight[to] = u->weight[e];
        }
    for (uint32_t i = 0; i < u->n; i++)
        at[u->depth[i] + 1]++;
    for (uint32_t depth = 1; depth < u->n; depth++)
        at[depth] += at[depth - 1];
    for (uint32_t i = 0; i < u->n; i++)
        u->by_depth[at[u->depth[i]]++] = i;
    weir__memory_free(at);
    return true;
}

/* ---- units of tasks ---- */

bool weir__units_of_all(weir__units *u, const weir__program *p)
{
    *u = (weir__units){.n = p->n > 0, .path_ns = p->sum_ns};
    u->first = weir__memory_alloc(2 * sizeof *u->first);
    u->cost = u->own_cost = weir__memory_alloc(sizeof *u->own_cost);
    if (!take_memory(u) || u->first == NULL || u->own_cost == NULL) {
        weir__units_close(u);
        return false;
    }
    u->first[0] = 0;
    u->first[u->n] = p->n;
    u->own_cost[0] = (float)p->sum_ns;
    u->succ_at[0] = u->succ_at[u->n] = 0;
    return true;
}

/* Edges from rank to rank, where that is not the same as from task to task. */
static bool rename_successors(weir__units *u, const weir__program *p)
{
    const weir_graph *graph = p->graph;
    uint32_t *rank = weir__memory_alloc((p->n + (size_t)1) * sizeof *rank), at = 0;
    u->succ = u->own_succ = weir__memory_alloc((u->edges + (size_t)1) * sizeof *u->own_succ);
    if (rank == NULL || u->own_succ == NULL) {
        weir__memory_free(rank);
        return false;
    }
    for (uint32_t r = 0; r < p->n; r++)
        rank[p->order[r]] = r;
    for (uint32_t r = 0; r < p->n; r++) {
        const weir__task *task = &graph->task[p->order[r]];
        u->succ_at[r] = at;
        for (uint64_t i = task->successors; i < task[1].successors; i++)
            u->own_succ[at++] = rank[graph->successor[i]];
    }
    u->succ_at[p->n] = at;
    weir__memory_free(rank);
    return true;
}

static bool find_successors(weir__units *u, const weir__program *p)
{
    if (p->order != NULL)
        return rename_successors(u, p);
    u->succ = p->graph->successor;
    for (uint32_t t = 0; t <= p->n; t++)
        u->succ_at[t] = (uint32_t)p->graph->task[t].successors;
    return true;
}

bool weir__units_of_tasks(weir__units *u, const weir__program *p)
{
    WEIR_ASSERT(p->graph->edges < UINT32_MAX);
    *u = (weir__units){.n = p->n, .edges = (uint32_t)p->graph->edges, .cost = p->cost};
    if (take_memory(u) && find_successors(u, p) && find_depths(u))
        return true;
    weir__units_close(u);
    return false;
}

/* ---- larger ones ---- */

typedef struct joining {
    const weir__units *from;
    double unit_ns;
    unsigned lanes;
    uint32_t *into;   /* by unit of `from`: the larger one; */
    uint8_t *aligned; /* and is it a good one to begin a piece with? */
    uint32_t n;       /* larger ones until now */
} joining;

/* Where the stretch ends that begins there, and what it takes. */
static uint32_t end_stretch(const weir__units *from, uint32_t begin, bool *is_chain, double *ns)
{
    uint32_t end = begin + 1;
    *is_chain = end < from->n && from->needs_last[end];
    *ns = (double)from->cost[begin];
    for (; end < from->n; end++) {
        if (*is_chain ? !from->needs_last[end] : from->depth[end] != from->depth[begin])
            break;
        *ns += (double)from->cost[end];
    }
    return end;
}

/* As many for each lane, where there are about as many as lanes. */
static uint32_t count_pieces(const joining *j, double ns)
{
    const uint32_t pieces =
        ns < 1e9 * j->unit_ns ? (uint32_t)(ns / j->unit_ns + 0.5) : UINT32_MAX / 2;
    const uint32_t rounded = (pieces + j->lanes - 1) / j->lanes * j->lanes;
    return pieces < 2 ? 1 : 2 * pieces > j->lanes ? rounded : pieces;
}

static void begin_piece(joining *j, uint32_t u)
{
    const weir__units *from = j->from;
    j->n++;
    for (uint32_t e = from->succ_at[u]; e < from->succ_at[u + 1]; e++)
        j->aligned[from->succ[e]] |= from->succ[e] > u + 1;
}

static void cut_equally(joining *j, uint32_t begin, uint32_t end, double ns)
{
    const uint32_t pieces = count_pieces(j, ns);
    double before = 0;
    uint32_t piece = 0;
    for (uint32_t u = begin; u < end; u++) {
        const double cost = (double)j->from->cost[u];
        const uint32_t next = (uint32_t)((before + cost / 2) * pieces / ns);
        if (u == begin || next > piece)
            begin_piece(j, u);
        piece = next;
        j->into[u] = j->n - 1;
        before += cost;
    }
}

/* As the stretch before it was, as far as pieces are between half and one and a half of what they should be. */
static void cut_alike(joining *j, uint32_t begin, uint32_t end, double ns)
{
    const double piece_ns = ns / count_pieces(j, ns);
    double open_ns = 0, left_ns = ns;
    for (uint32_t u = begin; u < end; u++) {
        const double cost = (double)j->from->cost[u];
        if (u == begin || (j->aligned[u] ? open_ns >= piece_ns / 2 && left_ns >= piece_ns / 2
                                         : open_ns >= piece_ns * 3 / 2)) {
            begin_piece(j, u);
            open_ns = 0;
        }
        j->into[u] = j->n - 1;
        open_ns += cost;
        left_ns -= cost;
    }
}

static bool has_aligned(const joining *j, uint32_t begin, uint32_t end)
{
    for (uint32_t u = begin + 1; u < end; u++)
        if (j->aligned[u])
            return true;
    return false;
}

static void cut(joining *j)
{
    const double least_ns = j->unit_ns / 2;
    double ns, open_ns = least_ns; /* of the short stretches in the last larger unit */
    bool is_chain;
    for (uint32_t begin = 0, end; begin < j->from->n; begin = end) {
        end = end_stretch(j->from, begin, &is_chain, &ns);
        if (ns >= least_ns) {
            if (is_chain && has_aligned(j, begin, end))
                cut_alike(j, begin, end, ns);
            else
                cut_equally(j, begin, end, ns);
            open_ns = least_ns;
            continue;
        }
        if (open_ns >= least_ns) {
            begin_piece(j, begin);
            open_ns = 0;
        }
        open_ns += ns;
        for (uint32_t u = begin; u < end; u++)
            j->into[u] = j->n - 1;
    }
}

static void sum_up(weir__units *u, const joining *j)
{
    const weir__units *from = j->from;
    for (uint32_t i = 0; i < u->n; i++)
        u->own_cost[i] = 0;
    for (uint32_t i = from->n; i-- > 0;) {
        u->own_cost[j->into[i]] += from->cost[i];
        u->first[j->into[i]] = weir__unit_first(from, i);
    }
    u->first[u->n] = weir__unit_first(from, from->n);
}

/* Those of one larger unit after the other; slot: where the edge to a unit is, if it is one of this. */
static void join_edges(weir__units *u, const joining *j, uint32_t *slot)
{
    const weir__units *from = j->from;
    for (uint32_t i = 0, of = 0; i < u->n; i++) {
        u->succ_at[i] = u->edges;
        for (; of < from->n && j->into[of] == i; of++)
            for (uint32_t e = from->succ_at[of]; e < from->succ_at[of + 1]; e++) {
                const uint32_t to = j->into[from->succ[e]];
                const uint32_t weight = from->weight != NULL ? from->weight[e] : 1;
                if (to == i)
                    continue;
                if (slot[to] < u->succ_at[i] || slot[to] >= u->edges || u->succ[slot[to]] != to) {
                    slot[to] = u->edges;
                    u->weight[u->edges] = 0;
                    u->own_succ[u->edges++] = to;
                }
                u->weight[slot[to]] += weight;
            }
    }
    u->succ_at[u->n] = u->edges;
}

/* Units as they were cut. False: no memory. */
static bool make_joined(weir__units *u, const joining *j)
{
    const size_t n = j->n + (size_t)1, m = j->from->edges + (size_t)1;
    uint32_t *slot = weir__memory_alloc_zero(n * sizeof *slot);
    *u = (weir__units){.n = j->n};
    u->first = weir__memory_alloc(n * sizeof *u->first);
    u->cost = u->own_cost = weir__memory_alloc(n * sizeof *u->own_cost);
    u->succ = u->own_succ = weir__memory_alloc(m * sizeof *u->own_succ);
    u->weight = weir__memory_alloc(m * sizeof *u->weight);
    bool ok = take_memory(u) && slot != NULL && u->first != NULL && u->own_cost != NULL &&
              u->own_succ != NULL && u->weight != NULL;
    if (ok) {
        sum_up(u, j);
        join_edges(u, j, slot);
        ok = find_depths(u);
    }
    weir__memory_free(slot);
    if (!ok)
        weir__units_close(u);
    return ok;
}

bool weir__units_join(weir__units *u, const weir__units *from, double unit_ns, unsigned lanes)
{
    const size_t n = from->n + (size_t)1;
    joining j = {.from = from, .unit_ns = unit_ns, .lanes = lanes};
    WEIR_ASSERT(unit_ns > 0 && lanes > 0);
    *u = (weir__units){0};
    j.into = weir__memory_alloc(n * sizeof *j.into);
    j.aligned = weir__memory_alloc_zero(n * sizeof *j.aligned);
    bool ok = j.into != NULL && j.aligned != NULL;
    if (ok) {
        cut(&j);
        ok = make_joined(u, &j);
    }
    weir__memory_free(j.aligned);
    weir__memory_free(j.into);
    return ok;
}

/* ---- are they right? ---- */

/* For each rank its unit. False: `first` is not as it should be. */
static bool name_units(const weir__units *u, uint32_t ranks, uint32_t *unit)
{
    if (weir__unit_first(u, 0) != 0 || weir__unit_first(u, u->n) != ranks)
        return false;
    for (uint32_t i = 0; i < u->n; i++) {
        const uint32_t first = weir__unit_first(u, i), end = weir__unit_first(u, i + 1);
        if (first >= end || end > ranks)
            return false;
        for (uint32_t r = first; r < end; r++)
            unit[r] = i;
    }
    return true;
}

/* Has the unit the edges of its tasks? met: by unit, 0. */
static bool has_edges(const weir__units *u, const weir__program *p, uint32_t i,
                      const uint32_t *rank, const uint32_t *unit, uint64_t *met)
{
    const weir_graph *graph = p->graph;
    for (uint32_t r = weir__unit_first(u, i); r < weir__unit_first(u, i + 1); r++) {
        const weir__task *task = &graph->task[weir__program_task(p, r)];
        for (uint64_t e = task->successors; e < task[1].successors; e++)
            met[unit[rank[graph->successor[e]]]]++;
    }
    met[i] = 0;
    bool right = true;
    for (uint32_t e = u->succ_at[i]; e < u->succ_at[i + 1]; e++) {
        right = right && u->succ[e] > i && u->succ[e] < u->n &&
                met[u->succ[e]] == (u->weight != NULL ? u->weight[e] : 1);
        if (right)
            met[u->succ[e]] = 0;
    }
    for (uint32_t s = 0; right && s < u->n; s++)
        right = met[s] == 0;
    return right;
}

static bool depths_are_right(const weir__units *u, uint32_t *depth)
{
    memset(depth, 0, u->n * sizeof *depth);
    for (uint32_t i = 0; i < u->n; i++) {
        bool next_needs = false;
        for (uint32_t e = u->succ_at[i]; e < u->succ_at[i + 1]; e++) {
            if (depth[u->succ[e]] <= depth[i])
                depth[u->succ[e]] = depth[i] + 1;
            next_needs = next_needs || u->succ[e] == i + 1;
        }
        if (u->depth[i] != depth[i] || (i + 1 < u->n && u->needs_last[i + 1] != next_needs))
            return false;
    }
    return true;
}

bool weir__units_are_valid(const weir__units *u, const weir__program *p)
{
    const size_t n = p->n + (size_t)1;
    uint32_t *rank = weir__memory_alloc(n * sizeof *rank);
    uint32_t *unit = weir__memory_alloc(n * sizeof *unit);
    uint64_t *met = weir__memory_alloc_zero(n * sizeof *met);
    bool valid = true;
    if (rank != NULL && unit != NULL && met != NULL) {
        for (uint32_t r = 0; r < p->n; r++)
            rank[weir__program_task(p, r)] = r;
        valid = u->n <= p->n && u->succ_at[0] == 0 && u->succ_at[u->n] == u->edges &&
                name_units(u, p->n, unit);
        for (uint32_t i = 0; valid && i < u->n; i++)
            valid = has_edges(u, p, i, rank, unit, met);
        valid = valid && depths_are_right(u, rank);
    }
    weir__memory_free(rank);
    weir__memory_free(unit);
    weir__memory_free(met);
    return valid;
}
