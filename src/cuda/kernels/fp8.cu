// 8-bit floating point: E4M3 (four bits of exponent, three of mantissa, largest value 448), a scale for every row.

struct E4m3 {
    static constexpr float LARGEST = 448.f;

    static DEVICE u32 pack(float a, float b, float c, float d) {
        u16 low, high;
        asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
        asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
        return u32(low) | u32(high) << 16;
    }
};

// x: bfloat16 [rows, width up to 4,096] → out: E4M3 [rows, width], scales: f32 [rows].
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    quantise_bf16_row<E4m3, 2>(x, out, scales, width);
}

// The same for rows of up to 16,384.
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_wide_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    quantise_bf16_row<E4m3, 8>(x, out, scales, width);
}

// silu(x[row, i]) · x[row, width + i], rounded to bfloat16 and quantised. x: bfloat16 [rows, 2·width], width up to 10,240.
extern "C" __global__ void __launch_bounds__(THREADS)
    silu_mul_quantise(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    const u16 *row = x + u64(blockIdx.x) * 2 * width;
    const auto gated = [&](int at) { return gate_eight(load_eight(row + at), load_eight(row + width + at)); };
    quantise_row<E4m3, 5>(gated, out + u64(blockIdx.x) * width, scales + blockIdx.x, width);
}

// out[row, i] = sums[row, i] · row_scales[row] · column_scales[i], for products that came without their scales; both are
// bfloat16 and may be the same memory. One block a row.
extern "C" __global__ void __launch_bounds__(THREADS)
    rescale(const u16 *sums, const float *__restrict__ row_scales, const float *__restrict__ column_scales, u16 *out, int columns) {
    const float row_scale = row_scales[blockIdx.x];
    const u64 start = u64(blockIdx.x) * columns;
    for (int at = threadIdx.x * 8; at < columns; at += THREADS * 8)
        store_eight(out + start + at, scale_eight(load_eight(sums + start + at), row_scale, column_scales + at));
}
