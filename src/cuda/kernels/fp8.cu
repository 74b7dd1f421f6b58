// 8-bit floating point: E4M3 (four bits of exponent, three of mantissa, largest value 448), a scale for every row.
// A row becomes x / scale with scale = max|x| / 448, so that its largest value is the format's largest.

#define THREADS 256
// Widest row: 8 chunks of 8 values a thread, 16,384 values.
#define MOST_CHUNKS 8
#define LARGEST 448.f

DEVICE u32 pack_e4m3(float a, float b, float c, float d) {
    u16 low, high;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
    return u32(low) | u32(high) << 16;
}

DEVICE float block_max(float x) {
    __shared__ float parts[THREADS / 32];
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = x;
    __syncthreads();
#pragma unroll
    for (int warp = 0; warp < THREADS / 32; ++warp) x = fmaxf(x, parts[warp]);
    return x;
}

// One block a row; `load` gives eight values of it. A row of zeros gets the scale 1.
template <typename F> DEVICE void quantise_row(F load, u8 *__restrict__ out, float *__restrict__ scale, int width) {
    const int chunks = width >> 3;
    Eight held[MOST_CHUNKS];
    float top = 0.f;
#pragma unroll
    for (int i = 0; i < MOST_CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        if (id < chunks) {
            held[i] = load(id * 8);
#pragma unroll
            for (int c = 0; c < 8; ++c) top = fmaxf(top, fabsf(held[i].v[c]));
        }
    }
    top = block_max(top);
    const float factor = top > 0.f ? LARGEST / top : 1.f;
#pragma unroll
    for (int i = 0; i < MOST_CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        if (id < chunks) {
            const float *v = held[i].v;
            *reinterpret_cast<uint2 *>(out + id * 8) =
                make_uint2(pack_e4m3(v[0] * factor, v[1] * factor, v[2] * factor, v[3] * factor),
                           pack_e4m3(v[4] * factor, v[5] * factor, v[6] * factor, v[7] * factor));
        }
    }
    if (threadIdx.x == 0) *scale = top > 0.f ? top / LARGEST : 1.f;
}

// x: bfloat16 [rows, width] → out: E4M3 [rows, width], scales: f32 [rows].
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    const u64 start = u64(blockIdx.x) * width;
    quantise_row([&](int at) { return load_eight(x + start + at); }, out + start, scales + blockIdx.x, width);
}

// silu(x[row, i]) · x[row, width + i], quantised. x: bfloat16 [rows, 2·width].
extern "C" __global__ void __launch_bounds__(THREADS)
    silu_mul_quantise(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    const u16 *row = x + u64(blockIdx.x) * 2 * width;
    const auto gated = [&](int at) {
        const Eight gate = load_eight(row + at), up = load_eight(row + width + at);
        Eight e;
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] = round_bf16(silu(gate.v[c])) * up.v[c];
        return e;
    };
    quantise_row(gated, out + u64(blockIdx.x) * width, scales + blockIdx.x, width);
}

// out[row, i] *= row_scales[row] · column_scales[i], for products that came without their scales. One block a row;
// out: bfloat16, `columns` of `stride` values in a row.
extern "C" __global__ void __launch_bounds__(THREADS)
    rescale(u16 *__restrict__ out, const float *__restrict__ row_scales, const float *__restrict__ column_scales, int columns, u64 stride) {
    const float row_scale = row_scales[blockIdx.x];
    u16 *row = out + blockIdx.x * stride;
    for (int at = threadIdx.x * 8; at < columns; at += THREADS * 8) {
        Eight e = load_eight(row + at);
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] *= row_scale * column_scales[at + c];
        store_eight(row + at, e);
    }
}
