// Rows of 8-bit numbers with a scale each, in a format F: a row becomes x / scale with scale = max|x| / F::LARGEST, so
// that its largest value is the format's largest. F::pack makes four such numbers of four floats.

#define THREADS 256

// A row whose largest value is smaller than this counts as zeros; its scale is never 0 then.
#define SMALLEST_TOP 1e-30f

// The larger of two, and not a number if either is none: a broken row must not turn into a plausible one.
DEVICE float max_or_nan(float a, float b) {
    float c;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
    return c;
}

DEVICE float block_max(float x) {
    __shared__ float parts[THREADS / 32];
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) x = max_or_nan(x, __shfl_xor_sync(0xffffffffu, x, offset));
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = x;
    __syncthreads();
#pragma unroll
    for (int warp = 0; warp < THREADS / 32; ++warp) x = max_or_nan(x, parts[warp]);
    return x;
}

// One block a row of up to CHUNKS · 8 values a thread; `load` gives eight of them as bfloat16.
// The row waits as bfloat16 for its largest value, so that few registers hold it and many rows are under way at once.
template <typename F, int CHUNKS, typename Load>
DEVICE void quantise_row(Load load, u8 *__restrict__ out, float *__restrict__ scale, int width) {
    const int chunks = width >> 3;
    uint4 held[CHUNKS];
    float top = SMALLEST_TOP;
#pragma unroll
    for (int i = 0; i < CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        held[i] = id < chunks ? load(id * 8) : make_uint4(0, 0, 0, 0);
    }
#pragma unroll
    for (int i = 0; i < CHUNKS; ++i) {
        const Eight e = unpack_eight(held[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) top = max_or_nan(top, fabsf(e.v[c]));
    }
    top = block_max(top);
    const float factor = F::LARGEST / top;
#pragma unroll
    for (int i = 0; i < CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        if (id < chunks) {
            const Eight e = unpack_eight(held[i]);
            *reinterpret_cast<uint2 *>(out + id * 8) =
                make_uint2(F::pack(e.v[0] * factor, e.v[1] * factor, e.v[2] * factor, e.v[3] * factor),
                           F::pack(e.v[4] * factor, e.v[5] * factor, e.v[6] * factor, e.v[7] * factor));
        }
    }
    if (threadIdx.x == 0) *scale = top / F::LARGEST;
}

template <typename F, int CHUNKS> DEVICE void quantise_bf16_row(const u16 *x, u8 *out, float *scales, int width) {
    const u64 start = u64(blockIdx.x) * width;
    const auto load = [&](int at) { return *reinterpret_cast<const uint4 *>(x + start + at); };
    quantise_row<F, CHUNKS>(load, out + start, scales + blockIdx.x, width);
}

// round(silu(gate)) · up of eight values each, as bfloat16.
DEVICE uint4 gate_eight(const Eight &gate, const Eight &up) {
    Eight e;
#pragma unroll
    for (int c = 0; c < 8; ++c) e.v[c] = round_bf16(silu(gate.v[c])) * up.v[c];
    return pack_eight(e);
}

// Eight sums from `at` on, times the row's scale and the columns'.
DEVICE Eight scale_eight(Eight e, float row_scale, const float *__restrict__ column_scales) {
    const float4 low = *reinterpret_cast<const float4 *>(column_scales);
    const float4 high = *reinterpret_cast<const float4 *>(column_scales + 4);
    const float scales[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int c = 0; c < 8; ++c) e.v[c] *= row_scale * scales[c];
    return e;
}
