// What every kernel shares: integer names, bfloat16 by bit tricks, warp sums, asynchronous copies.
// No CUDA header is included anywhere: NVRTC has no default include path and a user may have none.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define DEVICE __device__ __forceinline__
#define NEGATIVE_INFINITY __int_as_float(0xff800000)

// Two bfloat16 values share a 32-bit word, the lower index in the lower half.
DEVICE float bf16_low(u32 pair) { return __uint_as_float(pair << 16); }
DEVICE float bf16_high(u32 pair) { return __uint_as_float(pair & 0xffff0000u); }

DEVICE u32 pack_bf16(float low, float high) {
    u32 pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

DEVICE float round_bf16(float x) { return bf16_low(pack_bf16(x, 0.f)); }
DEVICE float load_bf16(const u16 *p) { return __uint_as_float(u32(*p) << 16); }

// Eight bfloat16 values: one 16-byte access.
struct Eight {
    float v[8];
};

DEVICE Eight unpack_eight(uint4 q) {
    Eight e;
    const u32 w[4] = {q.x, q.y, q.z, q.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        e.v[2 * i] = bf16_low(w[i]);
        e.v[2 * i + 1] = bf16_high(w[i]);
    }
    return e;
}

DEVICE uint4 pack_eight(const Eight &e) {
    return make_uint4(pack_bf16(e.v[0], e.v[1]), pack_bf16(e.v[2], e.v[3]), pack_bf16(e.v[4], e.v[5]),
                      pack_bf16(e.v[6], e.v[7]));
}

DEVICE Eight load_eight(const u16 *p) { return unpack_eight(*reinterpret_cast<const uint4 *>(p)); }
DEVICE void store_eight(u16 *p, const Eight &e) { *reinterpret_cast<uint4 *>(p) = pack_eight(e); }

DEVICE float warp_sum(float x) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(0xffffffffu, x, offset);
    return x;
}

DEVICE float silu(float x) { return x / (1.f + __expf(-x)); }

DEVICE float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

DEVICE u32 shared_address(const void *p) { return static_cast<u32>(__cvta_generic_to_shared(p)); }

// How many keys of each batch item are real; passed by value, so that no device memory is needed for it.
#define MOST_ITEMS 32
struct KeyCounts {
    int count[MOST_ITEMS];
};
