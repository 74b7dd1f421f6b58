// Flash attention for head width 128 in bfloat16 on Hopper (sm_90a), not causal, any sequence length.
//
// A block of three warpgroups takes 128 queries of one head: one thread of the first warpgroup streams key and
// value tiles through shared memory with the bulk tensor copy engine; the other two own 64 queries each.
// The scores of the next tile are computed while the probabilities of this one multiply its values, so the
// matrix units work through the exponentials (as FlashAttention-3 does). Tiles run from the last to the first,
// so that only the first one visited can hold keys past the end and needs a mask.

#define TILE_KEYS 176
#define TILE_QUERIES 128
#define HEAD 128
#define STAGES 2
#define SCORES (TILE_KEYS / 2)
#define HALF_KEYS_BYTES (TILE_KEYS * 128)
#define TILE_BYTES (2 * HALF_KEYS_BYTES)
#define HALF_QUERIES_BYTES (TILE_QUERIES * 128)
#define QUERIES_BYTES (2 * HALF_QUERIES_BYTES)

DEVICE void issue_scores(float (&scores)[SCORES], u32 queries, u32 keys) {
#pragma unroll
    for (int k = 0; k < HEAD / 16; ++k) {
        // 16 elements are 32 bytes of a 128-byte swizzled row; the head's second half is a separate box.
        const u32 step = (k & 3) * 32;
        product_n176(scores, tile_descriptor(queries + (k >> 2) * HALF_QUERIES_BYTES + step, 16, 1024),
                       tile_descriptor(keys + (k >> 2) * HALF_KEYS_BYTES + step, 16, 1024), k > 0);
    }
    product_commit();
}

DEVICE void issue_values(float (&sum)[64], const u32 (&p)[SCORES / 2], u32 values) {
#pragma unroll
    for (int k = 0; k < TILE_KEYS / 16; ++k)
        product_registers_n128(sum, p[4 * k], p[4 * k + 1], p[4 * k + 2], p[4 * k + 3],
                               tile_descriptor(values + k * 2048, HALF_KEYS_BYTES, 1024));
    product_commit();
}

// Running maximum and sum of the two query rows a thread holds.
struct Softmax {
    float maximum[2], total[2];

    // Turns scores into probabilities; returns the factors by which earlier sums shrink.
    DEVICE void update(float (&scores)[SCORES], float scale_log2, float (&shrink)[2]) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            float high = maximum[r];
#pragma unroll
            for (int i = 0; i < SCORES / 4; ++i)
                high = fmaxf(high, fmaxf(scores[4 * i + 2 * r], scores[4 * i + 2 * r + 1]));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 1));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 2));
            shrink[r] = exp2_fast((maximum[r] - high) * scale_log2);
            maximum[r] = high;
            const float offset = high * scale_log2;
            float sum = 0.f;
#pragma unroll
            for (int i = 0; i < SCORES / 4; ++i) {
#pragma unroll
                for (int c = 0; c < 2; ++c) {
                    float &s = scores[4 * i + 2 * r + c];
                    s = exp2_fast(fmaf(s, scale_log2, -offset));
                    sum += s;
                }
            }
            total[r] = total[r] * shrink[r] + sum;
        }
    }
};

DEVICE void pack_probabilities(u32 (&p)[SCORES / 2], const float (&scores)[SCORES]) {
#pragma unroll
    for (int i = 0; i < SCORES / 2; ++i) p[i] = pack_bf16(scores[2 * i], scores[2 * i + 1]);
}

DEVICE void mask_past_end(float (&scores)[SCORES], int first_key, int keys) {
    const int column = first_key + (threadIdx.x & 3) * 2;
#pragma unroll
    for (int i = 0; i < SCORES; ++i)
        if (column + (i >> 2) * 8 + (i & 1) >= keys) scores[i] = NEGATIVE_INFINITY;
}

// The two consumer warpgroups issue products in turn: while one has the matrix units, the other has the exponentials.
DEVICE void wait_turn(int group) {
    asm volatile("bar.sync %0, 256;" ::"r"(1 + group) : "memory");
}
DEVICE void give_turn(int group) {
    asm volatile("bar.arrive %0, 256;" ::"r"(2 - group) : "memory");
}

struct Barriers {
    u64 queries, keys_full[STAGES], values_full[STAGES], keys_empty[STAGES], values_empty[STAGES];
};

DEVICE void produce(const TensorMap *q_map, const TensorMap *k_map, const TensorMap *v_map, u32 q, u32 k, u32 v, Barriers &bar,
                    int tiles, int head, int batch) {
    const u32 full_q = shared_address(&bar.queries);
    barrier_expect(full_q, QUERIES_BYTES);
    for (int half = 0; half < 2; ++half)
        copy_box_4d(q + half * HALF_QUERIES_BYTES, q_map, full_q, half * 64, head, blockIdx.x * TILE_QUERIES, batch);
    for (int i = 0; i < tiles; ++i) {
        const int stage = i % STAGES, first = (tiles - 1 - i) * TILE_KEYS;
        const u32 parity = (i / STAGES + 1) & 1;
        u32 full = shared_address(&bar.keys_full[stage]);
        barrier_wait(shared_address(&bar.keys_empty[stage]), parity);
        barrier_expect(full, TILE_BYTES);
        for (int half = 0; half < 2; ++half)
            copy_box_4d(k + stage * TILE_BYTES + half * HALF_KEYS_BYTES, k_map, full, half * 64, head, first, batch);
        full = shared_address(&bar.values_full[stage]);
        barrier_wait(shared_address(&bar.values_empty[stage]), parity);
        barrier_expect(full, TILE_BYTES);
        for (int half = 0; half < 2; ++half)
            copy_box_4d(v + stage * TILE_BYTES + half * HALF_KEYS_BYTES, v_map, full, half * 64, head, first, batch);
    }
}

// q, k, v: maps of [batch, row, head, 128] with boxes of 64 × 1 × rows × 1. out: [batch, queries, heads·128].
// key_counts: how many of each item's keys are real, from the first on.
extern "C" __global__ void __launch_bounds__(384, 1)
    attention_hopper(const __grid_constant__ TensorMap q_map, const __grid_constant__ TensorMap k_map,
                     const __grid_constant__ TensorMap v_map, u16 *__restrict__ out, const __grid_constant__ KeyCounts key_counts, int queries, float scale_log2) {
    extern __shared__ u8 raw[];
    __shared__ Barriers bar;
    const u32 q = (shared_address(raw) + 1023) & ~1023u;
    const u32 k = q + QUERIES_BYTES, v = k + STAGES * TILE_BYTES;
    const int head = blockIdx.y, batch = blockIdx.z;
    const int keys = key_counts.count[batch];
    const int tiles = (keys + TILE_KEYS - 1) / TILE_KEYS;

    if (threadIdx.x == 0) {
        barrier_init(shared_address(&bar.queries), 1);
        for (int s = 0; s < STAGES; ++s) {
            barrier_init(shared_address(&bar.keys_full[s]), 1);
            barrier_init(shared_address(&bar.values_full[s]), 1);
            barrier_init(shared_address(&bar.keys_empty[s]), 8);
            barrier_init(shared_address(&bar.values_empty[s]), 8);
        }
        fence_barrier_init();
    }
    __syncthreads();

    if (threadIdx.x < 128) {
        registers_down<24>();
        if (threadIdx.x == 0) produce(&q_map, &k_map, &v_map, q, k, v, bar, tiles, head, batch);
    } else {
        registers_up<240>();
        const int group = threadIdx.x / 128 - 1, lane = threadIdx.x & 31, warp = (threadIdx.x >> 5) & 3;
        const u32 my_queries = q + group * 64 * 128;
        float scores[SCORES], sum[64], shrink[2];
        u32 p[SCORES / 2];
        Softmax softmax = {{NEGATIVE_INFINITY, NEGATIVE_INFINITY}, {0.f, 0.f}};
#pragma unroll
        for (int i = 0; i < 64; ++i) sum[i] = 0.f;

        if (group == 1) give_turn(1);
        barrier_wait(shared_address(&bar.queries), 0);
        barrier_wait(shared_address(&bar.keys_full[0]), 0);
        wait_turn(group);
        product_fence();
        issue_scores(scores, my_queries, k);
        give_turn(group);
        product_wait<0>();
        pin(scores);
        if (lane == 0) barrier_arrive(shared_address(&bar.keys_empty[0]));
        mask_past_end(scores, (tiles - 1) * TILE_KEYS, keys);
        softmax.update(scores, scale_log2, shrink);
        pack_probabilities(p, scores);

        for (int i = 1; i < tiles; ++i) {
            const int stage = i % STAGES, before = (i - 1) % STAGES;
            barrier_wait(shared_address(&bar.keys_full[stage]), (i / STAGES) & 1);
            wait_turn(group);
            pin(scores);
            pin(sum);
            product_fence();
            issue_scores(scores, my_queries, k + stage * TILE_BYTES);
            barrier_wait(shared_address(&bar.values_full[before]), ((i - 1) / STAGES) & 1);
            issue_values(sum, p, v + before * TILE_BYTES);
            give_turn(group);
            product_wait<1>();
            pin(scores);
            if (lane == 0) barrier_arrive(shared_address(&bar.keys_empty[stage]));
            softmax.update(scores, scale_log2, shrink);
            product_wait<0>();
            pin(sum);
            if (lane == 0) barrier_arrive(shared_address(&bar.values_empty[before]));
#pragma unroll
            for (int j = 0; j < 64; ++j) sum[j] *= shrink[(j >> 1) & 1];
            pack_probabilities(p, scores);
        }
        const int last = (tiles - 1) % STAGES;
        barrier_wait(shared_address(&bar.values_full[last]), ((tiles - 1) / STAGES) & 1);
        if (group == 0) wait_turn(0);
        pin(sum);
        product_fence();
        issue_values(sum, p, v + last * TILE_BYTES);
        product_wait<0>();
        pin(sum);

#pragma unroll
        for (int r = 0; r < 2; ++r) {
            float total = softmax.total[r];
            total += __shfl_xor_sync(0xffffffffu, total, 1);
            total += __shfl_xor_sync(0xffffffffu, total, 2);
            const float factor = 1.f / total;
            const int row = blockIdx.x * TILE_QUERIES + group * 64 + warp * 16 + (lane >> 2) + 8 * r;
            if (row < queries) {
                u16 *line = out + ((u64(batch) * queries + row) * gridDim.y + head) * HEAD + (lane & 3) * 2;
#pragma unroll
                for (int i = 0; i < 16; ++i)
                    *reinterpret_cast<u32 *>(line + 8 * i) = pack_bf16(sum[4 * i + 2 * r] * factor, sum[4 * i + 2 * r + 1] * factor);
            }
        }
    }
}
