/* Runs a fuzz target on each file that is named: on a corpus, or on what a fuzzer has found.
 *
 * Built with any compiler, so ctest runs every corpus.  It must never change an input. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A block of the file's exact size, so that the address sanitizer sees a read beyond it. */
static int replay(const char *path)
{
    enum { MOST_BYTES = 1 << 20 };
    static uint8_t bytes[MOST_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        return 1;
    memcpy(copy, bytes, size);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    int code = argc > 1 ? 0 : 1;
    for (int i = 1; i < argc; i++)
        code |= replay(argv[i]);
    return code;
}
