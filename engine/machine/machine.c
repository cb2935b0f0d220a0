/* The invariant of a machine; see machine.h.
 *
 * Asserts and tests call it.  It must never change what it looks at. */
#include "machine/machine.h"

#if defined(WEIR_ASSERTS)
static bool steps(unsigned before, unsigned now)
{
    return now == before || now == before + 1;
}

/* A hardware thread beside the one before it. */
static bool pu_is_valid(const weir_pu *before, const weir_pu *pu)
{
    return steps(before->core, pu->core) && steps(before->l3, pu->l3) &&
           steps(before->package, pu->package) &&
           pu->smt == (pu->core == before->core ? before->smt + 1 : 0);
}

static bool nodes_are_valid(const weir__machine *m)
{
    unsigned numas = 0;
    for (unsigned i = 0; i < m->count; i++) {
        unsigned with_it = 0;
        for (unsigned k = 0; k < m->node_count; k++)
            with_it += m->nodes[k].numa == m->pus[i].numa;
        if (with_it != 1 || m->pus[i].numa > numas)
            return false;
        numas += m->pus[i].numa == numas;
    }
    for (unsigned k = 1; k < m->node_count; k++)
        if (m->nodes[k].os_index <= m->nodes[k - 1].os_index)
            return false;
    return true;
}

static bool kinds_are_valid(const weir__machine *m)
{
    unsigned most = 0, next = 0;
    for (unsigned i = 0; i < m->count; i++)
        most = m->pus[i].kind > most ? m->pus[i].kind : most;
    for (unsigned i = 0; i < m->count && next <= most;)
        if (m->pus[i++].kind == next) {
            next++;
            i = 0;
        }
    return next == most + 1;
}

bool weir__machine_is_valid(const weir__machine *m)
{
    if (m->count == 0 || m->count > m->allowed || m->allowed > m->present || !(m->quota >= 0))
        return false;
    const weir_pu *first = &m->pus[0];
    if (first->core != 0 || first->l3 != 0 || first->package != 0 || first->smt != 0 ||
        m->pus[m->count - 1].core != m->cores - 1)
        return false;
    for (unsigned i = 1; i < m->count; i++)
        if (!pu_is_valid(&m->pus[i - 1], &m->pus[i]))
            return false;
    return nodes_are_valid(m) && kinds_are_valid(m);
}
#endif
