/* Finding CXSparse's functions; see cxsparse.h. */
#include "cxsparse.h"

#include "library.h"

cxsparse cs;

bool cxsparse_load(void)
{
    if (cs.lsolve != NULL)
        return true;
    void *library = library_open(BENCH_CXSPARSE);
    return library != NULL && library_find(library, "cs_di_lsolve", &cs.lsolve);
}
