/* The kernels of the suite that are too long to be inline; see problem.h.
 *
 * Every contestant links this one object, so that a leaf costs the same for all. Nothing here may
 * keep anything from call to call: contestants run kernels on many threads at once. */
#include <math.h>
#include <stdlib.h>

#ifdef BENCH_UTS
#include <nettle/sha1.h>
#endif

#include "problem.h"

/* ---- uts, with the random numbers of the published trees: SHA-1 of the parent's state ---- */

#ifdef BENCH_UTS
static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void hash_with(const uint8_t *state, size_t length, uint32_t number, uint8_t *out)
{
    const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                              (uint8_t)(number >> 8), (uint8_t)number};
    struct sha1_ctx sha;
    sha1_init(&sha);
    sha1_update(&sha, length, state);
    sha1_update(&sha, sizeof bytes, bytes);
    sha1_digest(&sha, UTS_STATE, out);
}

void uts_root(uint64_t tree, uts_node *root)
{
    const uint8_t zeros[16] = {0};
    hash_with(zeros, sizeof zeros, tree == 3 ? 42 : 19, root->state);
    root->height = 0;
}

void uts_child(const uts_node *node, uint32_t i, uts_node *child)
{
    hash_with(node->state, UTS_STATE, i, child->state);
    child->height = node->height + 1;
}

uint32_t uts_children(uint64_t tree, const uts_node *node)
{
    const double random = (big_endian(node->state + 16) & 0x7fffffff) / 2147483648.0;
    if (tree == 3) /* binomial: 2000 below the root, else 8 with probability 0.124875 */
        return node->height == 0 ? 2000 : random < 0.124875 ? 8 : 0;
    if (node->height >= 10) /* geometric, of mean 4, down to depth 10 */
        return 0;
    const double children = floor(log(1 - random) / log(1 - 1 / (1 + 4.0)));
    return children < (double)UTS_NODE_MOST ? (uint32_t)children : UTS_NODE_MOST;
}
#endif

/* ---- matmul: a block of the right matrix is copied to where its lines are neighbours, and tiles
 *      of c stay in registers while they are summed ---- */

#ifdef __AVX512F__
enum { LANES = 8, TILE_ROWS = 8 };
#else
enum { LANES = 4, TILE_ROWS = 4 };
#endif
enum { INNER = 256, TILE_COLUMNS = 2 * LANES };

typedef double vector __attribute__((vector_size(LANES * sizeof(double)), aligned(8)));

static void multiply_tile(const double *a, const double *b, double *c, uint64_t stride,
                          uint64_t inner)
{
    vector sum[TILE_ROWS][2] = {{{0}}};
    for (uint64_t k = 0; k < inner; k++, b += MATMUL_BLOCK) {
        const vector left = *(const vector *)b, right = *(const vector *)(b + LANES);
#pragma GCC unroll 8
        for (int i = 0; i < TILE_ROWS; i++) {
            const double factor = a[(uint64_t)i * stride + k];
            sum[i][0] += factor * left;
            sum[i][1] += factor * right;
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < TILE_ROWS; i++) {
        *(vector *)(c + (uint64_t)i * stride) += sum[i][0];
        *(vector *)(c + (uint64_t)i * stride + LANES) += sum[i][1];
    }
}

void matmul_block(const problem *p, uint32_t row, uint32_t column)
{
    _Alignas(64) double packed[INNER * MATMUL_BLOCK];
    const uint64_t n = p->size;
    for (uint64_t k = 0; k < n; k += INNER) {
        const uint64_t inner = n - k < INNER ? n - k : INNER;
        for (uint64_t i = 0; i < inner; i++)
            memcpy(packed + i * MATMUL_BLOCK, p->b + (k + i) * n + column,
                   MATMUL_BLOCK * sizeof(double));
        for (uint32_t i = 0; i < MATMUL_BLOCK; i += TILE_ROWS)
            for (uint32_t j = 0; j < MATMUL_BLOCK; j += TILE_COLUMNS)
                multiply_tile(p->a + (row + i) * n + k, packed + j,
                              p->c + (row + i) * n + column + j, n, inner);
    }
}

/* ---- mergesort ---- */

void sort_block(uint64_t *keys, uint64_t n)
{
    for (uint64_t i = 1; i < n; i++) {
        const uint64_t key = keys[i];
        uint64_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

void sort_merge(uint64_t *keys, uint64_t *room, uint64_t n)
{
    const uint64_t half = n / 2;
    const uint64_t *left = room, *right = keys + half;
    const uint64_t *const left_end = room + half, *const right_end = keys + n;
    memcpy(room, keys, half * sizeof *keys);
    uint64_t *out = keys;
    while (left < left_end && right < right_end) {
        const bool take_right = *right < *left;
        *out++ = take_right ? *right : *left;
        right += take_right;
        left += !take_right;
    }
    memcpy(out, left, (size_t)(left_end - left) * sizeof *keys);
}

/* ---- sum and stencil ---- */

double sum_range(const double *values, uint64_t n)
{
    enum { CHAINS = 32 };
    double chain[CHAINS] = {0}, sum = 0;
    uint64_t i = 0;
    for (; i + CHAINS <= n; i += CHAINS)
        for (int k = 0; k < CHAINS; k++)
            chain[k] += values[i + (uint64_t)k];
    for (; i < n; i++)
        sum += values[i];
    for (int k = 0; k < CHAINS; k++)
        sum += chain[k];
    return sum;
}

void stencil_row(const problem *p, uint64_t sweep, uint64_t row)
{
    const uint64_t n = p->size;
    const double *from = sweep % 2 == 0 ? p->a : p->b;
    double *to = sweep % 2 == 0 ? p->b : p->a;
    const double *here = from + row * n;
    double *out = to + row * n;
    if (row == 0 || row == n - 1) {
        memcpy(out, here, n * sizeof *out);
        return;
    }
    out[0] = here[0];
    for (uint64_t j = 1; j < n - 1; j++)
        out[j] = 0.2 * (here[j] + here[j - 1] + here[j + 1] + here[j - n] + here[j + n]);
    out[n - 1] = here[n - 1];
}

/* ---- blocks ---- */

uint64_t *block_create(const problem *p, uint64_t number)
{
    const uint64_t n = p->bytes / sizeof(uint64_t);
    uint64_t *block = malloc(n * sizeof *block);
    if (block == NULL)
        abort(); /* a peer without a limit met the end of the memory */
    for (uint64_t i = 0; i < n; i++)
        block[i] = number + i;
    return block;
}

uint64_t block_part(const problem *p, const uint64_t *block, uint32_t part)
{
    const uint64_t n = p->bytes / sizeof(uint64_t) / BLOCK_PARTS;
    const uint64_t *values = block + n * part;
    uint64_t sum = 0;
    for (uint64_t turn = 0; turn < p->depth; turn++)
        for (uint64_t i = 0; i < n; i++)
            sum += values[i] ^ turn;
    return sum;
}

void block_destroy(uint64_t *block)
{
    free(block);
}
