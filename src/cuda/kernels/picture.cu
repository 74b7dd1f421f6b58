// The autoencoder's passes over channels-last pictures: group norm with SiLU, doubling by nearest neighbour,
// and the reordering of convolution weights.

#define GROUPS 32

// Sums of values and squares by group over one strip of pixels: partial[batch][strip][group] = (sum, squares).
// x: [batch, pixels, channels]; channels: 128, 256, 512 or 1024 (groups of 4, 8, 16 or 32).
extern "C" __global__ void __launch_bounds__(256)
    group_norm_partial(const u16 *__restrict__ x, float2 *__restrict__ partial, int pixels, int channels, int strip) {
    // One entry per row of pixels and four channels.
    __shared__ float2 shared[512];
    const int lanes = channels >> 3, rows = 256 / lanes, lane = threadIdx.x % lanes, row = threadIdx.x / lanes;
    const int first = blockIdx.x * strip, last = min(first + strip, pixels);
    x += u64(blockIdx.y) * pixels * channels + lane * 8;
    float2 low = make_float2(0.f, 0.f), high = make_float2(0.f, 0.f);
    for (int p = first + row; p < last; p += rows) {
        const Eight e = load_eight(x + u64(p) * channels);
#pragma unroll
        for (int c = 0; c < 4; ++c) {
            low.x += e.v[c];
            low.y = fmaf(e.v[c], e.v[c], low.y);
            high.x += e.v[c + 4];
            high.y = fmaf(e.v[c + 4], e.v[c + 4], high.y);
        }
    }
    shared[2 * threadIdx.x] = low;
    shared[2 * threadIdx.x + 1] = high;
    __syncthreads();
    if (threadIdx.x < GROUPS) {
        const int fours = channels / (4 * GROUPS);
        float2 sum = make_float2(0.f, 0.f);
        for (int r = 0; r < rows; ++r)
            for (int f = 0; f < fours; ++f) {
                const float2 part = shared[r * 2 * lanes + threadIdx.x * fours + f];
                sum.x += part.x;
                sum.y += part.y;
            }
        partial[(u64(blockIdx.y) * gridDim.x + blockIdx.x) * GROUPS + threadIdx.x] = sum;
    }
}

// Turns the sums into one factor and one offset a channel: affine[batch][channel] = (factor, offset). One block an item.
extern "C" __global__ void __launch_bounds__(1024)
    group_norm_affine(const float2 *__restrict__ partial, const u16 *__restrict__ weight, const u16 *__restrict__ bias,
                      float2 *__restrict__ affine, int strips, int pixels, int channels, float epsilon) {
    const int group = threadIdx.x >> 5, lane = threadIdx.x & 31, size = channels / GROUPS;
    double sum = 0, squares = 0;
    for (int s = lane; s < strips; s += 32) {
        const float2 part = partial[(u64(blockIdx.x) * strips + s) * GROUPS + group];
        sum += part.x;
        squares += part.y;
    }
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) {
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
        squares += __shfl_xor_sync(0xffffffffu, squares, offset);
    }
    const double count = double(pixels) * size, mean = sum / count, variance = squares / count - mean * mean;
    const float factor = rsqrtf(float(variance < 0 ? 0 : variance) + epsilon);
    for (int c = lane; c < size; c += 32) {
        const int channel = group * size + c;
        const float scale = factor * load_bf16(weight + channel);
        affine[u64(blockIdx.x) * channels + channel] = make_float2(scale, load_bf16(bias + channel) - float(mean) * scale);
    }
}

// out = silu(x · factor + offset), or without the silu.
extern "C" __global__ void __launch_bounds__(256)
    group_norm_apply(const u16 *__restrict__ x, const float2 *__restrict__ affine, u16 *__restrict__ out, u64 item_chunks, int channels,
                     int activate) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= item_chunks) return;
    const u64 at = (u64(blockIdx.y) * item_chunks + id) * 8;
    const float4 *pairs = reinterpret_cast<const float4 *>(affine + u64(blockIdx.y) * channels + id * 8 % channels);
    Eight e = load_eight(x + at);
#pragma unroll
    for (int c = 0; c < 4; ++c) {
        const float4 a = pairs[c];
        e.v[2 * c] = fmaf(e.v[2 * c], a.x, a.y);
        e.v[2 * c + 1] = fmaf(e.v[2 * c + 1], a.z, a.w);
    }
    if (activate)
#pragma unroll
        for (int c = 0; c < 8; ++c) e.v[c] = silu(round_bf16(e.v[c]));
    store_eight(out + at, e);
}

// out: [batch, 2·height, 2·width, channels]; `chunks` counts its 16-byte pieces.
extern "C" __global__ void __launch_bounds__(256)
    upsample_nearest(const uint4 *__restrict__ x, uint4 *__restrict__ out, u64 chunks, int height, int width, int channel_chunks) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= chunks) return;
    const u64 c = id % channel_chunks, pixel = id / channel_chunks;
    const u64 column = pixel % (2 * width), line = pixel / (2 * width), row = line % (2 * height), batch = line / (2 * height);
    out[id] = x[((batch * height + row / 2) * width + column / 2) * channel_chunks + c];
}

// weights [out, in, taps] → [taps, out, in]
extern "C" __global__ void __launch_bounds__(256)
    taps_first(const u16 *__restrict__ weights, u16 *__restrict__ out, int pairs, int taps) {
    const int pair = blockIdx.x * 256 + threadIdx.x;
    if (pair >= pairs) return;
    for (int t = 0; t < taps; ++t) out[u64(t) * pairs + pair] = weights[u64(pair) * taps + t];
}
