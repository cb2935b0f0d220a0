/* Finding CXSparse's functions; see cxsparse.h. */
#include "cxsparse.h"

#include "library.h"

cxsparse cs;

bool cxsparse_load(void)
{
    cxsparse found;
    if (cs.lsolve != NULL)
        return true;
    void *library = library_open(BENCH_CXSPARSE);
    if (library == NULL || !library_find(library, "cs_di_lsolve", &found.lsolve) ||
        !library_find(library, "cs_di_schol", &found.schol) ||
        !library_find(library, "cs_di_chol", &found.chol) ||
        !library_find(library, "cs_di_sfree", &found.sfree) ||
        !library_find(library, "cs_di_nfree", &found.nfree))
        return false;
    cs = found;
    return true;
}
