// 3×3 (or 1×1) convolution in bfloat16 over channels-last pictures on Hopper (sm_90a), stride 1, same size out.
//
// An implicit matrix product: for each tap and 64 input channels the copy engine lays a shifted box of
// 16×16 pixels into shared memory, with zeros past the edges, so padding costs nothing and no patch matrix exists.
// A block of three warpgroups makes 256 pixels × 128 output channels: one thread feeds a ring of four stages,
// the other two warpgroups multiply 128 pixels each. Blocks stay for many tiles, so the next tile's copies run
// under this one's stores.

#define EDGE 16
#define TILE_PIXELS (EDGE * EDGE)
#define TILE_OUT 128
#define CHANNELS 64
#define STAGES 4
#define PIXELS_BYTES (TILE_PIXELS * 128)
#define STAGE_BYTES (PIXELS_BYTES + TILE_OUT * 128)

struct Shape {
    int batch, height, width, in, out, taps;
};

struct Tile {
    int out, x, y, batch;
    // Tiles that differ only in output channels are neighbours: they share their pixels in the cache.
    DEVICE Tile(const Shape &s, int id) {
        const int outs = (s.out + TILE_OUT - 1) / TILE_OUT, across = (s.width + EDGE - 1) / EDGE, down = (s.height + EDGE - 1) / EDGE;
        out = id % outs * TILE_OUT;
        id /= outs;
        x = id % across * EDGE;
        id /= across;
        y = id % down * EDGE;
        batch = id / down;
    }
};

// x: map of [batch, height, width, in], boxes of 1×16×16×64. weights: map of [taps, out, in], boxes of 1×128×64.
// residual: null, or added to the result; out: [batch, height, width, out].
extern "C" __global__ void __launch_bounds__(384, 1)
    conv_hopper(const __grid_constant__ TensorMap x_map, const __grid_constant__ TensorMap weight_map, const u16 *__restrict__ bias,
                const u16 *__restrict__ residual, u16 *__restrict__ out, const Shape shape, int tiles) {
    extern __shared__ u8 raw[];
    __shared__ u64 full[STAGES], empty[STAGES];
    const u32 ring = (shared_address(raw) + 1023) & ~1023u;
    if (threadIdx.x == 0) {
        for (int s = 0; s < STAGES; ++s) {
            barrier_init(shared_address(&full[s]), 1);
            barrier_init(shared_address(&empty[s]), 8);
        }
        fence_barrier_init();
    }
    __syncthreads();
    const int slices = (shape.in + CHANNELS - 1) / CHANNELS, steps = shape.taps * slices;

    if (threadIdx.x < 128) {
        registers_down<24>();
        if (threadIdx.x != 0) return;
        u32 turn = 0;
        for (int id = blockIdx.x; id < tiles; id += gridDim.x) {
            const Tile tile(shape, id);
            for (int tap = 0; tap < shape.taps; ++tap) {
                const int dx = shape.taps == 1 ? 0 : tap % 3 - 1, dy = shape.taps == 1 ? 0 : tap / 3 - 1;
                for (int slice = 0; slice < slices; ++slice, ++turn) {
                    const u32 stage = turn % STAGES, barrier = shared_address(&full[stage]), place = ring + stage * STAGE_BYTES;
                    barrier_wait(shared_address(&empty[stage]), (turn / STAGES + 1) & 1);
                    barrier_expect(barrier, STAGE_BYTES);
                    copy_box_4d(place, &x_map, barrier, slice * CHANNELS, tile.x + dx, tile.y + dy, tile.batch);
                    copy_box_3d(place + PIXELS_BYTES, &weight_map, barrier, slice * CHANNELS, tile.out, tap);
                }
            }
        }
    } else {
        registers_up<240>();
        const int group = threadIdx.x / 128 - 1, lane = threadIdx.x & 31, warp = (threadIdx.x >> 5) & 3;
        u32 turn = 0;
        for (int id = blockIdx.x; id < tiles; id += gridDim.x) {
            const Tile tile(shape, id);
            float top[64], bottom[64];
            for (int step = 0; step < steps; ++step, ++turn) {
                const u32 stage = turn % STAGES, pixels = ring + stage * STAGE_BYTES + group * (PIXELS_BYTES / 2);
                const u32 weights = ring + stage * STAGE_BYTES + PIXELS_BYTES;
                barrier_wait(shared_address(&full[stage]), (turn / STAGES) & 1);
                pin(top);
                pin(bottom);
                product_fence();
#pragma unroll
                for (int k = 0; k < CHANNELS / 16; ++k) {
                    const u64 b = tile_descriptor(weights + k * 32, 16, 1024);
                    const int accumulate = step > 0 || k > 0;
                    product_n128(top, tile_descriptor(pixels + k * 32, 16, 1024), b, accumulate);
                    product_n128(bottom, tile_descriptor(pixels + 64 * 128 + k * 32, 16, 1024), b, accumulate);
                }
                product_commit();
                // The stage before this one is free once its products are done; this one's may still run.
                product_wait<1>();
                if (step > 0 && lane == 0) barrier_arrive(shared_address(&empty[(turn + STAGES - 1) % STAGES]));
            }
            product_wait<0>();
            pin(top);
            pin(bottom);
            if (lane == 0) barrier_arrive(shared_address(&empty[(turn + STAGES - 1) % STAGES]));

#pragma unroll
            for (int quarter = 0; quarter < 4; ++quarter) {
                // Row of the accumulator → pixel of the box; a quarter is (top|bottom) × (row, row + 8).
                const int pixel = group * 128 + (quarter >> 1) * 64 + warp * 16 + (quarter & 1) * 8 + (lane >> 2);
                const int y = tile.y + pixel / EDGE, x = tile.x + pixel % EDGE;
                if (y >= shape.height || x >= shape.width) continue;
                const u64 line = ((u64(tile.batch) * shape.height + y) * shape.width + x) * shape.out;
#pragma unroll
                for (int i = 0; i < 16; ++i) {
                    const int channel = tile.out + 8 * i + (lane & 3) * 2;
                    const int at = 4 * i + 2 * (quarter & 1);
                    float a = quarter < 2 ? top[at] : bottom[at], b = quarter < 2 ? top[at + 1] : bottom[at + 1];
                    if ((shape.out & 1) == 0) {
                        if (channel >= shape.out) continue;
                        const u32 shift = *reinterpret_cast<const u32 *>(bias + channel);
                        a += bf16_low(shift);
                        b += bf16_high(shift);
                        if (residual) {
                            const u32 r = *reinterpret_cast<const u32 *>(residual + line + channel);
                            a += bf16_low(r);
                            b += bf16_high(r);
                        }
                        *reinterpret_cast<u32 *>(out + line + channel) = pack_bf16(a, b);
                    } else {
#pragma unroll
                        for (int c = 0; c < 2; ++c) {
                            if (channel + c >= shape.out) continue;
                            float value = (c ? b : a) + load_bf16(bias + channel + c);
                            if (residual) value += load_bf16(residual + line + channel + c);
                            out[line + channel + c] = u16(pack_bf16(value, 0.f));
                        }
                    }
                }
            }
        }
    }
}
