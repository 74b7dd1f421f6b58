// Passes over rows of f32: norms and their gradients, sums of columns, the gated unit. No atomics: results repeat.

// What a normed row is multiplied by, besides the weight.
#define FACTOR_ONE 0       // nothing
#define FACTOR_SCALE 1     // 1 + s, s a vector of the row's batch item
#define FACTOR_GATE 2      // tanh(s)

DEVICE float factor_of(int kind, const float *s, int c) {
    return kind == FACTOR_SCALE ? 1.f + s[c] : kind == FACTOR_GATE ? tanhf(s[c]) : 1.f;
}

// out = base + (x - mean) / √(variance + epsilon) · weight · factor, with a mean of 0 unless `centre`. One warp a row.
// x, base, out: [rows, width]; weight: [width]; factors: one vector for each `item_rows` rows, `stride` apart.
// A null weight counts as 1, a null base as 0.
extern "C" __global__ void __launch_bounds__(256)
    row_norm(const float *__restrict__ x, const float *__restrict__ weight, const float *__restrict__ factors,
             const float *__restrict__ base, float *__restrict__ out, u64 rows, int width, u64 item_rows, u64 stride, int kind, int centre,
             float epsilon) {
    const u64 row = u64(blockIdx.x) * 8 + (threadIdx.x >> 5);
    const int lane = threadIdx.x & 31;
    if (row >= rows) return;
    const u64 start = row * width;
    if (kind) factors += row / item_rows * stride;
    float mean = 0.f, squares = 0.f;
    if (centre) {
        for (int c = lane; c < width; c += 32) mean += x[start + c];
        mean = warp_sum(mean) / width;
    }
    for (int c = lane; c < width; c += 32) {
        const float v = x[start + c] - mean;
        squares = fmaf(v, v, squares);
    }
    const float inverse = 1.f / sqrtf(warp_sum(squares) / width + epsilon);
    for (int c = lane; c < width; c += 32) {
        float v = (x[start + c] - mean) * inverse;
        if (weight) v *= weight[c];
        v *= factor_of(kind, factors, c);
        out[start + c] = base ? base[start + c] + v : v;
    }
}

// With n = (x - mean)·r the normed row, g = dy·weight·factor and means over the row:
//   dx = r·(g - mean(g) - n·mean(g·n)), the first mean only if `centre`;  partial = Σ over the strip's rows of dy·n.
// grid: [strips of an item, items]; partial: [items, strips, width]. A lane holds N numbers of each row.
template <int N>
DEVICE void row_norm_backward(const float *__restrict__ x, const float *__restrict__ weight, const float *__restrict__ factors,
                              const float *__restrict__ dy, float *__restrict__ dx, float *__restrict__ partial, u64 item_rows, int strip,
                              int width, u64 stride, int kind, int centre, float epsilon) {
    __shared__ float shared[8][32 * N];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const u64 item = blockIdx.y, first = u64(blockIdx.x) * strip, last = min(first + strip, item_rows);
    if (kind) factors += item * stride;
    float scale[N], sums[N];
#pragma unroll
    for (int i = 0; i < N; ++i) {
        const int c = lane + 32 * i;
        sums[i] = 0.f;
        scale[i] = c < width ? (weight ? weight[c] : 1.f) * factor_of(kind, factors, c) : 0.f;
    }
    for (u64 row = first + warp; row < last; row += 8) {
        const u64 start = (item * item_rows + row) * width;
        float n[N], g[N], mean = 0.f, squares = 0.f;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            const int c = lane + 32 * i;
            n[i] = c < width ? x[start + c] : 0.f;
            g[i] = c < width ? dy[start + c] : 0.f;
            mean += n[i];
        }
        mean = centre ? warp_sum(mean) / width : 0.f;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            n[i] = lane + 32 * i < width ? n[i] - mean : 0.f;
            squares = fmaf(n[i], n[i], squares);
        }
        const float inverse = 1.f / sqrtf(warp_sum(squares) / width + epsilon);
        float along = 0.f, total = 0.f;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            n[i] *= inverse;
            sums[i] = fmaf(g[i], n[i], sums[i]);
            g[i] *= scale[i];
            along = fmaf(g[i], n[i], along);
            total += g[i];
        }
        along = warp_sum(along) / width;
        total = centre ? warp_sum(total) / width : 0.f;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            const int c = lane + 32 * i;
            if (c < width) dx[start + c] = inverse * (g[i] - total - n[i] * along);
        }
    }
#pragma unroll
    for (int i = 0; i < N; ++i) shared[warp][lane + 32 * i] = sums[i];
    __syncthreads();
    for (int c = threadIdx.x; c < width; c += 256) {
        float sum = 0.f;
#pragma unroll
        for (int w = 0; w < 8; ++w) sum += shared[w][c];
        partial[(item * gridDim.x + blockIdx.x) * width + c] = sum;
    }
}

#define ROW_NORM_BACKWARD(name, n)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(256)                                                                                    \
        name(const float *__restrict__ x, const float *__restrict__ weight, const float *__restrict__ factors,                           \
             const float *__restrict__ dy, float *__restrict__ dx, float *__restrict__ partial, u64 item_rows, int strip, int width,     \
             u64 stride, int kind, int centre, float epsilon) {                                                                          \
        row_norm_backward<n>(x, weight, factors, dy, dx, partial, item_rows, strip, width, stride, kind, centre, epsilon);               \
    }
ROW_NORM_BACKWARD(row_norm_backward_narrow, 8)
ROW_NORM_BACKWARD(row_norm_backward_wide, 32)

// From t = Σ over an item's rows of dy·n, of which `partial` [items, strips, width] holds the summands:
//   weighted [items, width] = t·factor, whose column sums are the weight's gradient;
//   d_factors [items, stride] = t·weight·factor', zero outside the columns that begin at `first`.
extern "C" __global__ void __launch_bounds__(256)
    item_factor_backward(const float *__restrict__ partial, const float *__restrict__ weight, const float *__restrict__ factors,
                         float *__restrict__ weighted, float *__restrict__ d_factors, int strips, int width, u64 stride, u64 first,
                         int kind) {
    const u64 item = blockIdx.y, column = u64(blockIdx.x) * 256 + threadIdx.x;
    if (column >= stride) return;
    const bool inside = column >= first && column < first + width;
    float gradient = 0.f;
    if (inside) {
        const int c = int(column - first);
        float t = 0.f;
        for (int s = 0; s < strips; ++s) t += partial[(item * strips + s) * width + c];
        const float factor = factor_of(kind, factors + item * stride + first, c);
        weighted[item * width + c] = t * factor;
        gradient = t * (weight ? weight[c] : 1.f) * (kind == FACTOR_GATE ? 1.f - factor * factor : 1.f);
    }
    d_factors[item * stride + column] = gradient;
}

// out[strip, c] = Σ over the strip's rows of x[row, c]. grid: [columns / 32, strips]; x: [rows, width].
extern "C" __global__ void __launch_bounds__(256)
    column_sum(const float *__restrict__ x, float *__restrict__ out, u64 rows, int width, u64 strip) {
    __shared__ float shared[8][33];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, c = blockIdx.x * 32 + lane;
    const u64 first = blockIdx.y * strip, last = min(first + strip, rows);
    float sum = 0.f;
    if (c < width)
        for (u64 row = first + warp; row < last; row += 8) sum += x[row * width + c];
    shared[warp][lane] = sum;
    __syncthreads();
    if (warp == 0 && c < width) {
        float total = 0.f;
#pragma unroll
        for (int w = 0; w < 8; ++w) total += shared[w][lane];
        out[blockIdx.y * u64(width) + c] = total;
    }
}

// x[row, c] += bias[c].
extern "C" __global__ void __launch_bounds__(256) add_columns(float *__restrict__ x, const float *__restrict__ bias, u64 count, int width) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id < count) x[id] += bias[id % width];
}

DEVICE float exact_sigmoid(float x) { return 1.f / (1.f + expf(-x)); }

// out[row, i] = silu(x[row, i]) · x[row, width + i]; x: [rows, 2·width].
extern "C" __global__ void __launch_bounds__(256)
    silu_mul(const float *__restrict__ x, float *__restrict__ out, u64 count, int width) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= count) return;
    const u64 at = id / width * 2 * width + id % width;
    const float gate = x[at];
    out[id] = gate * exact_sigmoid(gate) * x[at + width];
}

// With s = σ(gate): d_gate = dy·up·s·(1 + gate·(1 - s)), d_up = dy·gate·s. x, dx: [rows, 2·width], gate then up.
extern "C" __global__ void __launch_bounds__(256)
    silu_mul_backward(const float *__restrict__ x, const float *__restrict__ dy, float *__restrict__ dx, u64 count, int width) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= count) return;
    const u64 at = id / width * 2 * width + id % width;
    const float gate = x[at], up = x[at + width], s = exact_sigmoid(gate), d = dy[id];
    dx[at] = d * up * s * (1.f + gate * (1.f - s));
    dx[at + width] = d * gate * s;
}
