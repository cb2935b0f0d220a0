/* Reads the size off a description; see synthetic.h. */
#include "machine/synthetic.h"

#include <stdlib.h>
#include <string.h>

/* Multiplies the counts of the levels, which are the numbers that do not belong to a name like
 * "l3", outside of brackets. What is wrong otherwise, hwloc finds. */
bool weir__synthetic_is_too_large(const char *synthetic)
{
    unsigned long pus = 1;
    for (const char *c = synthetic; *c != '\0';) {
        if (*c == '[' || *c == '(') {
            c += strcspn(c, *c == '[' ? "]" : ")");
            continue;
        }
        const bool begins = c == synthetic || strchr(" :\t\n", c[-1]) != NULL;
        if (!begins || *c < '0' || *c > '9') {
            c++;
            continue;
        }
        char *end;
        const unsigned long count = strtoul(c, &end, 0);
        if (count > WEIR_SYNTHETIC_MOST_PUS || pus * count > WEIR_SYNTHETIC_MOST_PUS)
            return true;
        pus *= count;
        WEIR_ASSERT(pus <= WEIR_SYNTHETIC_MOST_PUS && end != c);
        c = end;
    }
    return false;
}
