/* What most contestants have to say of their runs: nothing.
 *
 * Those without numbers of their own link it.  It must never be linked by one that has some. */
#include "contestant.h"

void contestant_report(FILE *file)
{
    (void)file;
}
