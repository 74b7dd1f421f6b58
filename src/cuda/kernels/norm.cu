// Row norms, one pass over memory: a block of 128 threads holds a row of up to 4,096 bfloat16 values in registers.
// Arithmetic in f32; a value is rounded to bfloat16 where the reference rounds it (after normalising, after the
// weight, after the modulation), so that both see the same numbers.

#define MOST_CHUNKS 4
#define THREADS 128

struct Row {
    uint4 chunk[MOST_CHUNKS];
};

template <typename F> DEVICE void each_chunk(int width, F f) {
    const int chunks = width >> 3;
#pragma unroll
    for (int i = 0; i < MOST_CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        if (id < chunks) f(i, id * 8);
    }
}

DEVICE Row load_row(const u16 *p, int width) {
    Row row;
    each_chunk(width, [&](int i, int at) { row.chunk[i] = *reinterpret_cast<const uint4 *>(p + at); });
    return row;
}

// Every thread gets the sum. `place` must differ between calls that no barrier separates.
DEVICE float block_sum(float x, int place) {
    __shared__ float parts[2][THREADS / 32];
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) parts[place][threadIdx.x >> 5] = x;
    __syncthreads();
    return parts[place][0] + parts[place][1] + parts[place][2] + parts[place][3];
}

DEVICE float inverse_rms(const Row &row, int width, float epsilon, int place) {
    float sum = 0.f;
    each_chunk(width, [&](int i, int) {
        const Eight e = unpack_eight(row.chunk[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) sum = fmaf(e.v[c], e.v[c], sum);
    });
    return rsqrtf(block_sum(sum, place) / width + epsilon);
}

DEVICE Eight normalise(uint4 chunk, float factor, const u16 *weight, int at) {
    Eight e = unpack_eight(chunk);
    const Eight w = load_eight(weight + at);
#pragma unroll
    for (int c = 0; c < 8; ++c) e.v[c] = round_bf16(round_bf16(e.v[c] * factor) * w.v[c]);
    return e;
}

// e · (1 + scale); a null scale is zero.
DEVICE void modulate(Eight &e, const u16 *scale, int at) {
    if (!scale) return;
    const Eight s = load_eight(scale + at);
#pragma unroll
    for (int c = 0; c < 8; ++c) e.v[c] *= round_bf16(1.f + s.v[c]);
}

// out = rms_norm(x) · weight · (1 + scale[batch item]).
// One block a row. x: [rows, width]; scale: one row of `width` an item, `scale_stride` apart, or null; `item_rows` rows make an item.
extern "C" __global__ void __launch_bounds__(THREADS)
    rms_norm(const u16 *__restrict__ x, const u16 *__restrict__ weight, const u16 *__restrict__ scale, u16 *__restrict__ out, int width, int item_rows, u64 scale_stride, float epsilon) {
    const int row = blockIdx.x;
    x += u64(row) * width;
    out += u64(row) * width;
    if (scale) scale += (row / item_rows) * scale_stride;
    const Row held = load_row(x, width);
    const float factor = inverse_rms(held, width, epsilon, 0);
    each_chunk(width, [&](int i, int at) {
        Eight e = normalise(held.chunk[i], factor, weight, at);
        modulate(e, scale, at);
        store_eight(out + at, e);
    });
}

// sum = x + tanh(gate) · rms_norm(branch) · branch_weight;  out = rms_norm(sum) · weight · (1 + scale).
// A null branch_weight leaves the branch as it is, a null gate counts as 1, a null weight skips `out`.
extern "C" __global__ void __launch_bounds__(THREADS)
    residual_norm(const u16 *__restrict__ x, const u16 *__restrict__ branch, const u16 *__restrict__ branch_weight,
                  const u16 *__restrict__ gate, const u16 *__restrict__ weight, const u16 *__restrict__ scale, u16 *__restrict__ sum,
                  u16 *__restrict__ out, int width, int item_rows, u64 gate_stride, u64 scale_stride, float epsilon) {
    const int row = blockIdx.x;
    const u64 start = u64(row) * width;
    if (gate) gate += (row / item_rows) * gate_stride;
    if (scale) scale += (row / item_rows) * scale_stride;
    Row held = load_row(branch + start, width);
    const Row before = load_row(x + start, width);
    const float branch_factor = branch_weight ? inverse_rms(held, width, epsilon, 0) : 1.f;
    each_chunk(width, [&](int i, int at) {
        Eight e = branch_weight ? normalise(held.chunk[i], branch_factor, branch_weight, at) : unpack_eight(held.chunk[i]);
        if (gate) {
            const Eight g = load_eight(gate + at);
#pragma unroll
            for (int c = 0; c < 8; ++c) e.v[c] = round_bf16(e.v[c] * round_bf16(tanhf(g.v[c])));
        }
        const Eight old = unpack_eight(before.chunk[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] += old.v[c];
        held.chunk[i] = pack_eight(e);
        *reinterpret_cast<uint4 *>(sum + start + at) = held.chunk[i];
    });
    if (!weight) return;
    const float factor = inverse_rms(held, width, epsilon, 1);
    each_chunk(width, [&](int i, int at) {
        Eight e = normalise(held.chunk[i], factor, weight, at);
        modulate(e, scale, at);
        store_eight(out + start + at, e);
    });
}

// out = layer_norm(x) · (1 + scale), without weight or bias.
extern "C" __global__ void __launch_bounds__(THREADS)
    layer_norm(const u16 *__restrict__ x, const u16 *__restrict__ scale, u16 *__restrict__ out, int width, int item_rows,
               u64 scale_stride, float epsilon) {
    const int row = blockIdx.x;
    x += u64(row) * width;
    out += u64(row) * width;
    if (scale) scale += (row / item_rows) * scale_stride;
    const Row held = load_row(x, width);
    float sum = 0.f;
    each_chunk(width, [&](int i, int) {
        const Eight e = unpack_eight(held.chunk[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) sum += e.v[c];
    });
    const float mean = block_sum(sum, 0) / width;
    float squares = 0.f;
    each_chunk(width, [&](int i, int) {
        const Eight e = unpack_eight(held.chunk[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) squares = fmaf(e.v[c] - mean, e.v[c] - mean, squares);
    });
    const float factor = rsqrtf(block_sum(squares, 1) / width + epsilon);
    each_chunk(width, [&](int i, int at) {
        Eight e = unpack_eight(held.chunk[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] = round_bf16((e.v[c] - mean) * factor);
        modulate(e, scale, at);
        store_eight(out + at, e);
    });
}
