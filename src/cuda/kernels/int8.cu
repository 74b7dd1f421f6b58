// 8-bit whole numbers, symmetric: −127 to 127, a scale for every row. Sums of their products are 32-bit whole numbers.

struct Int8 {
    static constexpr float LARGEST = 127.f;

    static DEVICE u32 nearest(float x) {
        u32 whole;
        asm("cvt.rni.sat.s8.f32 %0, %1;" : "=r"(whole) : "f"(x));
        return whole & 0xffu;
    }

    static DEVICE u32 pack(float a, float b, float c, float d) {
        return nearest(a) | nearest(b) << 8 | nearest(c) << 16 | nearest(d) << 24;
    }
};

DEVICE Eight load_eight_sums(const int *p) {
    const int4 low = *reinterpret_cast<const int4 *>(p), high = *reinterpret_cast<const int4 *>(p + 4);
    Eight e;
    const int sums[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int c = 0; c < 8; ++c) e.v[c] = __int2float_rn(sums[c]);
    return e;
}

// x: bfloat16 [rows, width up to 4,096] → out: int8 [rows, width], scales: f32 [rows].
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    quantise_bf16_row<Int8, 2>(x, out, scales, width);
}

// The same for rows of up to 16,384.
extern "C" __global__ void __launch_bounds__(THREADS)
    quantise_wide_rows(const u16 *__restrict__ x, u8 *__restrict__ out, float *__restrict__ scales, int width) {
    quantise_bf16_row<Int8, 8>(x, out, scales, width);
}

// With x[row, i] = sums[row, i] · row_scales[row] · column_scales[i] rounded to bfloat16: silu(x[row, i]) · x[row, width + i],
// rounded to bfloat16 and quantised. sums: [rows, 2·width], width up to 10,240. In at most 64 registers, so that four rows
// are under way on a multiprocessor.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    silu_mul_quantise(const int *__restrict__ sums, const float *__restrict__ row_scales, const float *__restrict__ column_scales,
                      u8 *__restrict__ out, float *__restrict__ scales, int width) {
    const int *row = sums + u64(blockIdx.x) * 2 * width;
    const float row_scale = row_scales[blockIdx.x];
    const auto rounded = [&](int at) {
        return unpack_eight(pack_eight(scale_eight(load_eight_sums(row + at), row_scale, column_scales + at)));
    };
    const auto gated = [&](int at) { return gate_eight(rounded(at), rounded(width + at)); };
    quantise_row<Int8, 5>(gated, out + u64(blockIdx.x) * width, scales + blockIdx.x, width);
}

// out[row, i] = sums[row, i] · row_scales[row] · column_scales[i] in bfloat16. One block a row.
extern "C" __global__ void __launch_bounds__(THREADS)
    rescale(const int *__restrict__ sums, const float *__restrict__ row_scales, const float *__restrict__ column_scales,
            u16 *__restrict__ out, int columns) {
    const float row_scale = row_scales[blockIdx.x];
    const u64 start = u64(blockIdx.x) * columns;
    for (int at = threadIdx.x * 8; at < columns; at += THREADS * 8)
        store_eight(out + start + at, scale_eight(load_eight_sums(sums + start + at), row_scale, column_scales + at));
}
