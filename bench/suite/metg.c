/* The crossing; see metg.h. */
#include "metg.h"

#include <math.h>

double metg_crossing(const chart_series *s, double wanted, int *bound)
{
    *bound = 0;
    if (s->y[s->count - 1] < wanted) {
        *bound = 1;
        return s->x[s->count - 1];
    }
    for (unsigned k = s->count - 1; k > 0; k--)
        if (s->y[k - 1] < wanted) {
            const double share = (wanted - s->y[k - 1]) / (s->y[k] - s->y[k - 1]);
            return s->x[k - 1] * pow(s->x[k] / s->x[k - 1], share);
        }
    *bound = -1;
    return s->x[0];
}
