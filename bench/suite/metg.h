/* Where a curve of efficiencies crosses a share: METG(50 %), METG(75 %).
 *
 * The suites that draw such curves ask.  It must never guess beyond the ends of a curve: it says
 * that the crossing is there. */
#ifndef WEIR_BENCH_METG_H
#define WEIR_BENCH_METG_H

#include "chart.h"

/* Where the curve falls below `wanted` on the way from coarse to fine, its last point to its first,
 * on a logarithmic scale. If it never does, *bound is -1 and the finest grain is returned; if it is
 * below all along, *bound is 1 and the coarsest is; else it is 0. */
double metg_crossing(const chart_series *s, double wanted, int *bound);

#endif
