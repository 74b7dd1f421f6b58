// 3×3 (or 1×1) convolution in bfloat16 over channels-last pictures on Ampere and newer, stride 1, same size out.
//
// An implicit matrix product: eight warps make 128 pixels × 128 output channels, 64 × 32 each, walking over taps and
// 32 input channels at a time through a ring of four stages filled by asynchronous copies, zeros past the edges.
// Shared rows are 64 bytes, two to a 128-byte line; their 16-byte chunks are permuted so that eight rows of one
// column never meet in a bank.

#define EDGE_X 16
#define EDGE_Y 8
#define TILE_PIXELS 128
#define TILE_OUT 128
#define CHANNELS 32
#define STAGES 4
#define THREADS 256
#define ROW_BYTES 64
#define STAGE_BYTES ((TILE_PIXELS + TILE_OUT) * ROW_BYTES)

struct Shape {
    int batch, height, width, in, out, taps;
};

DEVICE u32 chunk(u32 tile, int row, int column) { return tile + row * ROW_BYTES + ((column ^ ((row >> 1) & 3)) << 4); }

// x: [batch, height, width, in] with `in` a multiple of 8; weights: [taps, out, in]; residual: null or like out.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    conv(const u16 *__restrict__ x, const u16 *__restrict__ weights, const u16 *__restrict__ bias, const u16 *__restrict__ residual,
         u16 *__restrict__ out, const Shape shape) {
    extern __shared__ __align__(128) u8 raw[];
    const u32 ring = shared_address(raw);
    const int across = (shape.width + EDGE_X - 1) / EDGE_X;
    const int first_out = blockIdx.x * TILE_OUT, first_x = blockIdx.y % across * EDGE_X, first_y = blockIdx.y / across * EDGE_Y;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, pixel_half = warp >> 2, out_quarter = warp & 3;
    x += u64(blockIdx.z) * shape.height * shape.width * shape.in;
    const int slices = (shape.in + CHANNELS - 1) / CHANNELS, steps = shape.taps * slices;

    auto fetch = [&](int step) {
        if (step < steps) {
            const int tap = step / slices, first_in = (step - tap * slices) * CHANNELS;
            const int dx = shape.taps == 1 ? 0 : tap % 3 - 1, dy = shape.taps == 1 ? 0 : tap / 3 - 1;
            const u32 pixels = ring + step % STAGES * STAGE_BYTES, rows = pixels + TILE_PIXELS * ROW_BYTES;
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                const int id = i * THREADS + threadIdx.x, row = id >> 2, column = id & 3, channel = first_in + column * 8;
                const int px = first_x + row % EDGE_X + dx, py = first_y + row / EDGE_X + dy;
                const bool inside = px >= 0 && px < shape.width && py >= 0 && py < shape.height && channel < shape.in;
                copy_async(chunk(pixels, row, column), inside ? x + (u64(py) * shape.width + px) * shape.in + channel : x, inside);
                const bool known = first_out + row < shape.out && channel < shape.in;
                copy_async(chunk(rows, row, column),
                           known ? weights + (u64(tap) * shape.out + first_out + row) * shape.in + channel : weights, known);
            }
        }
        copy_commit();
    };

    float sum[4][4][4];
#pragma unroll
    for (int m = 0; m < 4; ++m)
#pragma unroll
        for (int n = 0; n < 4; ++n)
#pragma unroll
            for (int c = 0; c < 4; ++c) sum[m][n][c] = 0.f;

    for (int s = 0; s < STAGES - 1; ++s) fetch(s);
    for (int step = 0; step < steps; ++step) {
        copy_wait<STAGES - 2>();
        __syncthreads();
        fetch(step + STAGES - 1);
        const u32 pixels = ring + step % STAGES * STAGE_BYTES, rows = pixels + TILE_PIXELS * ROW_BYTES;
#pragma unroll
        for (int k = 0; k < CHANNELS / 16; ++k) {
            u32 a[4][4], b[2][4];
#pragma unroll
            for (int m = 0; m < 4; ++m) load_matrices(a[m], chunk(pixels, pixel_half * 64 + m * 16 + (lane & 15), 2 * k + (lane >> 4)));
#pragma unroll
            for (int n = 0; n < 2; ++n)
                load_matrices(b[n], chunk(rows, out_quarter * 32 + n * 16 + (lane & 7) + ((lane >> 4) << 3), 2 * k + ((lane >> 3) & 1)));
#pragma unroll
            for (int m = 0; m < 4; ++m)
#pragma unroll
                for (int n = 0; n < 4; ++n) multiply_add(sum[m][n], a[m], b[n >> 1][(n & 1) * 2], b[n >> 1][(n & 1) * 2 + 1]);
        }
    }
    copy_wait<0>();

#pragma unroll
    for (int m = 0; m < 4; ++m)
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const int pixel = pixel_half * 64 + m * 16 + r * 8 + (lane >> 2);
            const int px = first_x + pixel % EDGE_X, py = first_y + pixel / EDGE_X;
            if (px >= shape.width || py >= shape.height) continue;
            const u64 line = ((u64(blockIdx.z) * shape.height + py) * shape.width + px) * shape.out;
#pragma unroll
            for (int n = 0; n < 4; ++n)
#pragma unroll
                for (int c = 0; c < 2; ++c) {
                    const int channel = first_out + out_quarter * 32 + n * 8 + (lane & 3) * 2 + c;
                    if (channel >= shape.out) continue;
                    float value = sum[m][n][2 * r + c] + load_bf16(bias + channel);
                    if (residual) value += load_bf16(residual + line + channel);
                    out[line + channel] = u16(pack_bf16(value, 0.f));
                }
        }
}
