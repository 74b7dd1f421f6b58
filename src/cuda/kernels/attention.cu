// Flash attention for head width 128 in bfloat16 on Ampere and newer (mma.sync): causal or not, grouped key/value
// heads, any sequence length. The text encoder uses it everywhere; the transformer where Hopper's kernel does not run.
//
// Eight warps take 128 queries of one head, 16 each, and walk over tiles of 64 keys: the next tile's keys are
// fetched while this one's values are multiplied. Shared rows are 256 bytes; their 16-byte chunks are permuted by
// the row number so that eight rows of one column never meet in a bank.

#define HEAD 128
#define TILE_QUERIES 128
#define TILE_KEYS 64
#define THREADS 256
#define ROW_BYTES 256

DEVICE u32 chunk(u32 tile, int row, int column) { return tile + row * ROW_BYTES + ((column ^ (row & 7)) << 4); }

template <int ROWS> DEVICE void fetch(u32 tile, const u16 *source, u64 row_stride, int first, int count) {
#pragma unroll
    for (int i = 0; i < ROWS * 16 / THREADS; ++i) {
        const int id = i * THREADS + threadIdx.x, row = id >> 4, column = id & 15;
        const bool valid = first + row < count;
        copy_async(chunk(tile, row, column), source + (valid ? first + row : 0) * row_stride + column * 8, valid);
    }
    copy_commit();
}

// q: [batch, queries, q_row] with this head's 128 at head·128, k and v alike with head/group. out: [batch, queries, heads·128].
// Strides are in elements. key_counts: how many keys are real.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    attention(const u16 *__restrict__ q, const u16 *__restrict__ k, const u16 *__restrict__ v, u16 *__restrict__ out,
              const __grid_constant__ KeyCounts key_counts, int queries, int keys, u64 q_row, u64 k_row, u64 v_row, int group, int causal,
              float scale_log2) {
    extern __shared__ __align__(128) u8 raw[];
    const u32 k_tile = shared_address(raw), v_tile = k_tile + 2 * TILE_KEYS * ROW_BYTES;
    const int head = blockIdx.y, batch = blockIdx.z, first_query = blockIdx.x * TILE_QUERIES;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    q += u64(batch) * queries * q_row + head * HEAD;
    k += u64(batch) * keys * k_row + (head / group) * HEAD;
    v += u64(batch) * keys * v_row + (head / group) * HEAD;
    const int count = key_counts.count[batch];
    const int reach = causal ? min(count, first_query + TILE_QUERIES) : count;
    const int tiles = (reach + TILE_KEYS - 1) / TILE_KEYS;

    // The queries pass through the room of the first key tiles into registers, where they stay.
    u32 query[HEAD / 16][4];
    fetch<TILE_QUERIES>(k_tile, q, q_row, first_query, queries);
    copy_wait<0>();
    __syncthreads();
#pragma unroll
    for (int d = 0; d < HEAD / 16; ++d) load_matrices(query[d], chunk(k_tile, warp * 16 + (lane & 15), 2 * d + (lane >> 4)));
    __syncthreads();

    float sum[HEAD / 8][4], maximum[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, total[2] = {0.f, 0.f};
#pragma unroll
    for (int i = 0; i < HEAD / 8; ++i)
#pragma unroll
        for (int c = 0; c < 4; ++c) sum[i][c] = 0.f;

    fetch<TILE_KEYS>(k_tile, k, k_row, 0, count);
    fetch<TILE_KEYS>(v_tile, v, v_row, 0, count);
    for (int t = 0; t < tiles; ++t) {
        const u32 k_now = k_tile + (t & 1) * TILE_KEYS * ROW_BYTES, v_now = v_tile + (t & 1) * TILE_KEYS * ROW_BYTES;
        copy_wait<1>();
        __syncthreads();
        float scores[TILE_KEYS / 8][4];
#pragma unroll
        for (int n = 0; n < TILE_KEYS / 8; ++n)
#pragma unroll
            for (int c = 0; c < 4; ++c) scores[n][c] = 0.f;
#pragma unroll
        for (int d = 0; d < HEAD / 16; ++d)
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 16; ++n) {
                u32 b[4];
                load_matrices(b, chunk(k_now, n * 16 + (lane & 7) + ((lane >> 4) << 3), 2 * d + ((lane >> 3) & 1)));
                multiply_add(scores[2 * n], query[d], b[0], b[1]);
                multiply_add(scores[2 * n + 1], query[d], b[2], b[3]);
            }
        // The other half of each double buffer was last read before the barrier above.
        const int next = (t + 1) * TILE_KEYS;
        fetch<TILE_KEYS>(k_tile + ((t + 1) & 1) * TILE_KEYS * ROW_BYTES, k, k_row, next, count);

        const int row = first_query + warp * 16 + (lane >> 2);
        if ((t + 1) * TILE_KEYS > count || (causal && (t + 1) * TILE_KEYS > first_query)) {
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 8; ++n)
#pragma unroll
                for (int c = 0; c < 4; ++c) {
                    const int key = t * TILE_KEYS + n * 8 + (lane & 3) * 2 + (c & 1);
                    if (key >= count || (causal && key > row + 8 * (c >> 1))) scores[n][c] = NEGATIVE_INFINITY;
                }
        }
        u32 p[TILE_KEYS / 16][4];
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            float high = maximum[r];
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 8; ++n) high = fmaxf(high, fmaxf(scores[n][2 * r], scores[n][2 * r + 1]));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 1));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 2));
            // The first tile holds key 0, which every query may see: `high` is finite from then on.
            const float shrink = exp2_fast((maximum[r] - high) * scale_log2), offset = high * scale_log2;
            maximum[r] = high;
            float here = 0.f;
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 8; ++n)
#pragma unroll
                for (int c = 2 * r; c < 2 * r + 2; ++c) {
                    scores[n][c] = exp2_fast(fmaf(scores[n][c], scale_log2, -offset));
                    here += scores[n][c];
                }
            total[r] = total[r] * shrink + here;
#pragma unroll
            for (int i = 0; i < HEAD / 8; ++i) {
                sum[i][2 * r] *= shrink;
                sum[i][2 * r + 1] *= shrink;
            }
#pragma unroll
            for (int n = 0; n < TILE_KEYS / 16; ++n) {
                p[n][r] = pack_bf16(scores[2 * n][2 * r], scores[2 * n][2 * r + 1]);
                p[n][2 + r] = pack_bf16(scores[2 * n + 1][2 * r], scores[2 * n + 1][2 * r + 1]);
            }
        }
        copy_wait<1>();
        __syncthreads();
#pragma unroll
        for (int n = 0; n < TILE_KEYS / 16; ++n)
#pragma unroll
            for (int d = 0; d < HEAD / 16; ++d) {
                u32 b[4];
                load_matrices_transposed(b, chunk(v_now, n * 16 + (lane & 15), 2 * d + (lane >> 4)));
                multiply_add(sum[2 * d], p[n], b[0], b[1]);
                multiply_add(sum[2 * d + 1], p[n], b[2], b[3]);
            }
        fetch<TILE_KEYS>(v_tile + ((t + 1) & 1) * TILE_KEYS * ROW_BYTES, v, v_row, next, count);
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
        total[r] += __shfl_xor_sync(0xffffffffu, total[r], 1);
        total[r] += __shfl_xor_sync(0xffffffffu, total[r], 2);
        const int row = first_query + warp * 16 + (lane >> 2) + 8 * r;
        if (row < queries) {
            const float factor = 1.f / total[r];
            u16 *line = out + ((u64(batch) * queries + row) * gridDim.y + head) * HEAD + (lane & 3) * 2;
#pragma unroll
            for (int i = 0; i < HEAD / 8; ++i)
                *reinterpret_cast<u32 *>(line + 8 * i) = pack_bf16(sum[i][2 * r] * factor, sum[i][2 * r + 1] * factor);
        }
    }
    copy_wait<0>();
}
