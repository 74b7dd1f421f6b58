// The remaining passes over activations: query/key norm with rotary positions, the gated unit, row softmax.

// For each token: heads of q then k are normalised (RMS over 128) and rotated; heads of v are left where they are.
// qkv: [tokens, row_heads, 128] with q heads first, then k heads; out: [tokens, q_heads + k_heads, 128].
// cosine, sine: f32 [positions, 64], token t using row t % positions. `halves` pairs element j with j + 64 (Qwen3);
// otherwise neighbours pair up (Z-Image). A head takes 16 lanes of 8 values.
extern "C" __global__ void __launch_bounds__(256)
    qk_norm_rope(const u16 *__restrict__ qkv, const u16 *__restrict__ q_weight, const u16 *__restrict__ k_weight,
                 const float *__restrict__ cosine, const float *__restrict__ sine, u16 *__restrict__ out, u64 tokens, int positions,
                 int q_heads, int k_heads, int row_heads, int halves, float epsilon) {
    const int heads = q_heads + k_heads, lane = threadIdx.x & 15;
    const u64 token = blockIdx.x;
    const u64 position = token % positions;
    const float *cos_row = cosine + position * 64, *sin_row = sine + position * 64;
    for (int first = 0; first < heads; first += 16) {
        const int head = first + (threadIdx.x >> 4);
        const bool live = head < heads;
        const int at = lane * 8;
        Eight e = live ? load_eight(qkv + (token * row_heads + head) * 128 + at) : Eight{};
        float sum = 0.f;
#pragma unroll
        for (int c = 0; c < 8; ++c) sum = fmaf(e.v[c], e.v[c], sum);
#pragma unroll
        for (int offset = 8; offset > 0; offset >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
        const float factor = rsqrtf(sum * (1.f / 128.f) + epsilon);
        const Eight w = load_eight((head < q_heads ? q_weight : k_weight) + at);
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] = round_bf16(round_bf16(e.v[c] * factor) * w.v[c]);
        Eight r;
        if (halves) {
            const int angle = (lane & 7) * 8;
#pragma unroll
            for (int c = 0; c < 8; ++c) {
                const float other = __shfl_xor_sync(0xffffffffu, e.v[c], 8);
                r.v[c] = e.v[c] * cos_row[angle + c] + (lane < 8 ? -other : other) * sin_row[angle + c];
            }
        } else {
            const float4 co = *reinterpret_cast<const float4 *>(cos_row + lane * 4);
            const float4 si = *reinterpret_cast<const float4 *>(sin_row + lane * 4);
            const float cs[4] = {co.x, co.y, co.z, co.w}, sn[4] = {si.x, si.y, si.z, si.w};
#pragma unroll
            for (int c = 0; c < 4; ++c) {
                r.v[2 * c] = e.v[2 * c] * cs[c] - e.v[2 * c + 1] * sn[c];
                r.v[2 * c + 1] = e.v[2 * c] * sn[c] + e.v[2 * c + 1] * cs[c];
            }
        }
        if (live) store_eight(out + (token * heads + head) * 128 + at, r);
    }
}

// out[row, i] = silu(x[row, i]) · x[row, width + i]; x: [rows, 2·width].
extern "C" __global__ void __launch_bounds__(256)
    silu_mul(const u16 *__restrict__ x, u16 *__restrict__ out, u64 chunks, u32 row_chunks) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= chunks) return;
    const u64 row = id / row_chunks, column = id - row * row_chunks;
    const u16 *a = x + (row * 2 * row_chunks + column) * 8;
    const Eight gate = load_eight(a), up = load_eight(a + u64(row_chunks) * 8);
    Eight r;
#pragma unroll
    for (int c = 0; c < 8; ++c) r.v[c] = round_bf16(silu(gate.v[c])) * up.v[c];
    store_eight(out + id * 8, r);
}

// Softmax of f32 scores into bfloat16 probabilities, one block a row: exp2((s - max) · scale_log2) / sum.
extern "C" __global__ void __launch_bounds__(256)
    softmax_rows(const float *__restrict__ scores, u16 *__restrict__ out, int columns, float scale_log2) {
    __shared__ float shared[8];
    scores += u64(blockIdx.x) * columns;
    out += u64(blockIdx.x) * columns;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    float high = NEGATIVE_INFINITY, sum = 0.f;
    for (int i = threadIdx.x * 4; i < columns; i += 1024) {
        const float4 s = *reinterpret_cast<const float4 *>(scores + i);
        const float here = fmaxf(high, fmaxf(fmaxf(s.x, s.y), fmaxf(s.z, s.w)));
        sum = sum * exp2_fast((high - here) * scale_log2) + exp2_fast((s.x - here) * scale_log2) + exp2_fast((s.y - here) * scale_log2) +
              exp2_fast((s.z - here) * scale_log2) + exp2_fast((s.w - here) * scale_log2);
        high = here;
    }
    float top = high;
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    if (lane == 0) shared[warp] = top;
    __syncthreads();
#pragma unroll
    for (int w = 0; w < 8; ++w) top = fmaxf(top, shared[w]);
    __syncthreads();
    sum = high == NEGATIVE_INFINITY ? 0.f : sum * exp2_fast((high - top) * scale_log2);
    sum = warp_sum(sum);
    if (lane == 0) shared[warp] = sum;
    __syncthreads();
    sum = 0.f;
#pragma unroll
    for (int w = 0; w < 8; ++w) sum += shared[w];
    const float factor = 1.f / sum;
    for (int i = threadIdx.x * 4; i < columns; i += 1024) {
        const float4 s = *reinterpret_cast<const float4 *>(scores + i);
        *reinterpret_cast<uint2 *>(out + i) =
            make_uint2(pack_bf16(exp2_fast((s.x - top) * scale_log2) * factor, exp2_fast((s.y - top) * scale_log2) * factor),
                       pack_bf16(exp2_fast((s.z - top) * scale_log2) * factor, exp2_fast((s.w - top) * scale_log2) * factor));
    }
}
