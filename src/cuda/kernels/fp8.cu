// 8-bit floating point: E4M3 (four bits of exponent, three of mantissa, largest value 448), a scale for every row.
// A row becomes x / scale with scale = max|x| / 448, so that its largest value is the format's largest.

#define THREADS 256
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

// One block a row of up to CHUNKS · 8 values a thread; `load` gives eight of them. A row of zeros gets the scale 1.
// The row waits as bfloat16 for its largest value, so that few registers hold it and many rows are under way at once.
template <int CHUNKS, typename F> DEVICE void quantise_row(F load, u8 *__restrict__ out, float *__restrict__ scale, int width) {
    const int chunks = width >> 3;
    uint4 held[CHUNKS];
    float top = 0.f;
#pragma unroll
    for (int i = 0; i < CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        held[i] = id < chunks ? load(id * 8) : make_uint4(0, 0, 0, 0);
    }
#pragma unroll
    for (int i = 0; i < CHUNKS; ++i) {
        const Eight e = unpack_eight(held[i]);
#pragma unroll
        for (int c = 0; c < 8; ++c) top = fmaxf(top, fabsf(e.v[c]));
    }
    top = block_max(top);
    const float factor = top > 0.f ? LARGEST / top : 1.f;
#pragma unroll
    for (int i = 0; i < CHUNKS; ++i) {
        const int id = i * THREADS + threadIdx.x;
        if (id < chunks) {
            const Eight e = unpack_eight(held[i]);
            *reinterpret_cast<uint2 *>(out + id * 8) =
                make_uint2(pack_e4m3(e.v[0] * factor, e.v[1] * factor, e.v[2] * factor, e.v[3] * factor),
                           pack_e4m3(e.v[4] * factor, e.v[5] * factor, e.v[6] * factor, e.v[7] * factor));
        }
    }
    if (threadIdx.x == 0) *scale = top > 0.f ? top / LARGEST : 1.f;
}

template <int CHUNKS> DEVICE void quantise_bf16_row(const u16 *x, u8 *out, float *scales, int width) {
    const u64 start = u64(blockIdx.x) * width;
    const auto load = [&](int at) { return *reinterpret_cast<const uint4 *>(x + start + at); };
    quantise_row<CHUNKS>(load, out + start, scales + blockIdx.x, width);
}

// x: bfloat16 [rows, width up to 4,096] → out: E4M3 [rows, width], scales: f32 [rows].
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    quantise_bf16_row<2>(x, out, scales, width);
}

// The same for rows of up to 16,384.
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_wide_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    quantise_bf16_row<8>(x, out, scales, width);
}

// silu(x[row, i]) · x[row, width + i], rounded to bfloat16 and quantised. x: bfloat16 [rows, 2·width], width up to 10,240.
extern "C" __global__ void __launch_bounds__(THREADS)
    silu_mul_quantise(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    const u16 *row = x + u64(blockIdx.x) * 2 * width;
    const auto gated = [&](int at) {
        const Eight gate = load_eight(row + at), up = load_eight(row + width + at);
        Eight e;
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] = round_bf16(silu(gate.v[c])) * up.v[c];
        return pack_eight(e);
    };
    quantise_row<5>(gated, out + u64(blockIdx.x) * width, scales + blockIdx.x, width);
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
