/* A program that links a weir from gcc, but LLVM's OpenMP runtime: opening an engine must say so.
 *
 * relink_test.sh compiles it with clang and runs it.  It must never run a pipeline. */
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "weir.h"

static int check(int right, const char *what)
{
    if (!right)
        fprintf(stderr, "not so: %s (%s: %s)\n", what, weir_status_name(weir_last_error()->status),
                weir_last_error()->text);
    return !right;
}

int main(void)
{
    const weir_engine_options options = {.workers = 2};
    weir_engine *engine = (weir_engine *)(void *)&options;
    int wrong = 0, threads = 0;
#pragma omp parallel num_threads(2)
#pragma omp single
    threads = omp_get_num_threads();
    wrong += check(threads == 2, "the program's own regions work");
    wrong += check(weir_engine_open(&options, &engine) == WEIR_ERUNTIME, "open is refused");
    wrong += check(engine == NULL, "there is no engine");
    wrong += check(weir_last_error()->status == WEIR_ERUNTIME, "the error has the status");
    wrong += check(strstr(weir_last_error()->text, "gcc -fopenmp") != NULL, "it says how to link");
    wrong += check(strstr(weir_last_error()->text, "clang") != NULL, "it says what else to use");
    wrong += check(weir_engine_open(NULL, &engine) == WEIR_ERUNTIME, "nor with the defaults");
    return wrong != 0;
}
