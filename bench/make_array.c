/* Writes a .npy array of float64 noise, for trying `weir stats` on arrays of any size.
 *
 * tools/dev and people run it.  The values are a pure function of their index, so that a file can
 * be made again anywhere; it must never hold more than a block of them in memory. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

#define BLOCK 65536

/* Uniform in [0, 1) from an index, by the finaliser of splitmix64 (Steele, Lea, Flood 2014). */
static double uniform(uint64_t index)
{
    uint64_t x = index * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

/* Bell-shaped, mean 100, standard deviation 10: the sum of four uniforms, scaled. */
static double value(uint64_t index)
{
    double sum = 0;
    for (uint64_t i = 0; i < 4; i++)
        sum += uniform(4 * index + i);
    return 100 + (sum - 2) * 17.320508075688775;
}

static int write_header(FILE *file, uint64_t values)
{
    enum { HEADER = 128, PREAMBLE = 10 };
    char header[HEADER];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER - PREAMBLE);
    header[9] = 0;
    char dictionary[HEADER - PREAMBLE];
    const int length =
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '<f8', 'fortran_order': False, 'shape': (%" PRIu64 ",), }", values);
    memcpy(header + PREAMBLE, dictionary, (size_t)length);
    header[HEADER - 1] = '\n';
    return fwrite(header, sizeof header, 1, file) == 1 ? 0 : -1;
}

static int write_values(FILE *file, uint64_t values)
{
    static double block[BLOCK];
    for (uint64_t first = 0; first < values; first += BLOCK) {
        const uint64_t n = values - first < BLOCK ? values - first : BLOCK;
        for (uint64_t i = 0; i < n; i++)
            block[i] = value(first + i);
        if (fwrite(block, sizeof *block, (size_t)n, file) != n)
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"values", required_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    size_t values = 1 << 20;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'v':
            if (weir_parse_bytes(optarg, &values) != WEIR_OK || values > SIZE_MAX / 8) {
                fprintf(stderr, "make_array: --values: %s\n", weir_last_error()->text);
                return 2;
            }
            break;
        case 'h':
            puts(
                "usage: make_array [--values N] FILE.npy\n"
                "Writes N float64 values (default 1M; K, M and G are powers of 1024), bell-shaped\n"
                "around 100 with a standard deviation of 10, the same ones every time.");
            return 0;
        default:
            return 2;
        }
    if (optind != argc - 1) {
        fprintf(stderr, "make_array: give one file to write (see --help)\n");
        return 2;
    }
    FILE *file = fopen(argv[optind], "wb");
    if (file == NULL || write_header(file, values) != 0 || write_values(file, values) != 0 ||
        fclose(file) != 0) {
        fprintf(stderr, "make_array: %s: ", argv[optind]);
        perror(NULL);
        return 1;
    }
    return 0;
}
