// What surrounds the networks in training: looked-up rows, means, and the optimiser over many tensors in one launch.

// out[row] = table[ids[row]]. ids are whole numbers in f32. One block a row.
extern "C" __global__ void __launch_bounds__(128)
    gather_rows(const float *__restrict__ table, const float *__restrict__ ids, float *__restrict__ out, int width, int table_rows) {
    const int id = min(max(int(ids[blockIdx.x]), 0), table_rows - 1);
    for (int c = threadIdx.x; c < width; c += 128) out[u64(blockIdx.x) * width + c] = table[u64(id) * width + c];
}

// out[row, column] = 1 where the row's id is the column, else 0.
extern "C" __global__ void __launch_bounds__(256)
    one_hot(const float *__restrict__ ids, float *__restrict__ out, u64 count, int width) {
    const u64 at = u64(blockIdx.x) * 256 + threadIdx.x;
    if (at < count) out[at] = int(ids[at / width]) == int(at % width) ? 1.f : 0.f;
}

DEVICE float block_sum(float x) {
    __shared__ float parts[8];
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = x;
    __syncthreads();
    float sum = 0.f;
#pragma unroll
    for (int w = 0; w < 8; ++w) sum += parts[w];
    return sum;
}

// out[strip] = scale · Σ over the strip of x. One block a strip.
extern "C" __global__ void __launch_bounds__(256)
    strip_sum(const float *__restrict__ x, float *__restrict__ out, u64 count, u64 strip, float scale) {
    const u64 first = blockIdx.x * strip, last = min(first + strip, count);
    float sum = 0.f;
    for (u64 i = first + threadIdx.x; i < last; i += 256) sum += x[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum * scale;
}

// out[i] = x[0] · scale.
extern "C" __global__ void __launch_bounds__(256) fill_from(const float *__restrict__ x, float *__restrict__ out, u64 count, float scale) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id < count) out[id] = x[0] * scale;
}

// Tensors of one launch; as many as fit into a kernel's parameters.
#define MOST_TENSORS 40

struct Gradients {
    const float *at[MOST_TENSORS];
    u64 count[MOST_TENSORS];
};

// partial[first + tensor][block] = the block's share of the tensor's Σ x². grid: [blocks a tensor, tensors].
extern "C" __global__ void __launch_bounds__(256) squares_of_many(Gradients many, float *__restrict__ partial, int first) {
    const float *x = many.at[blockIdx.y];
    const u64 count = many.count[blockIdx.y];
    float sum = 0.f;
    for (u64 i = u64(blockIdx.x) * 256 + threadIdx.x; i < count; i += u64(gridDim.x) * 256) sum = fmaf(x[i], x[i], sum);
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[u64(first + blockIdx.y) * gridDim.x + blockIdx.x] = sum;
}

// scale = min(1, limit / (√(Σ partial) + 1e-6)): brings the norm of all gradients down to `limit`. One block.
extern "C" __global__ void __launch_bounds__(256) clip_scale(const float *__restrict__ partial, float *__restrict__ scale, int count, float limit) {
    float sum = 0.f;
    for (int i = threadIdx.x; i < count; i += 256) sum += partial[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) scale[0] = fminf(1.f, limit / (sqrtf(sum) + 1e-6f));
}

struct Moved {
    const float *value[MOST_TENSORS];
    const float *gradient[MOST_TENSORS];
    const float *first[MOST_TENSORS];
    const float *second[MOST_TENSORS];
    float *new_value[MOST_TENSORS];
    float *new_first[MOST_TENSORS];
    float *new_second[MOST_TENSORS];
    u64 count[MOST_TENSORS];
    float decay[MOST_TENSORS];
};

struct Rates {
    float rate, beta_1, beta_2, correct_1, correct_2, epsilon;
};

// AdamW with g the clipped gradient: m' = β₁m + (1-β₁)g, v' = β₂v + (1-β₂)g²,
// value' = value·(1 - rate·decay) - rate·(m'/correct₁) / (√(v'/correct₂) + ε). grid: [blocks a tensor, tensors].
extern "C" __global__ void __launch_bounds__(256) adamw(Moved many, Rates with, const float *__restrict__ scale) {
    const int t = blockIdx.y;
    const float clip = scale[0], keep = 1.f - with.rate * many.decay[t];
    for (u64 i = u64(blockIdx.x) * 256 + threadIdx.x; i < many.count[t]; i += u64(gridDim.x) * 256) {
        const float g = many.gradient[t][i] * clip;
        const float m = with.beta_1 * many.first[t][i] + (1.f - with.beta_1) * g;
        const float v = with.beta_2 * many.second[t][i] + (1.f - with.beta_2) * g * g;
        many.new_first[t][i] = m;
        many.new_second[t][i] = v;
        many.new_value[t][i] = many.value[t][i] * keep - with.rate * (m / with.correct_1) / (sqrtf(v / with.correct_2) + with.epsilon);
    }
}

struct Averaged {
    const float *old_value[MOST_TENSORS];
    const float *value[MOST_TENSORS];
    float *out[MOST_TENSORS];
    u64 count[MOST_TENSORS];
};

// out = decay·old + (1 - decay)·value. grid: [blocks a tensor, tensors].
extern "C" __global__ void __launch_bounds__(256) average(Averaged many, float decay) {
    const int t = blockIdx.y;
    for (u64 i = u64(blockIdx.x) * 256 + threadIdx.x; i < many.count[t]; i += u64(gridDim.x) * 256)
        many.out[t][i] = decay * many.old_value[t][i] + (1.f - decay) * many.value[t][i];
}

// A stack of wide matrices [short, long]; a tall one, [long, short], lies in it transposed.
struct Stacked {
    const float *value[MOST_TENSORS];
    const float *gradient[MOST_TENSORS];
    float *new_value[MOST_TENSORS];
    float factor[MOST_TENSORS];
    int tall[MOST_TENSORS];
};

// Where entry `at` of a wide matrix lies in the matrix itself.
DEVICE u64 own_place(int at, int tall, int short_side, int long_side) {
    return tall ? u64(at % long_side) * short_side + at / long_side : u64(at);
}

// new = decay·old + (1 - decay)·g with g the clipped gradient, and Nesterov's look ahead: decay·new + (1 - decay)·g.
// grid: [numbers / 256, matrices]; the stacks hold them from matrix `first` on.
extern "C" __global__ void __launch_bounds__(256)
    muon_gather(Stacked many, const float *__restrict__ old_momentum, float *__restrict__ new_momentum, float *__restrict__ ahead,
                const float *__restrict__ scale, int short_side, int long_side, int first, float decay) {
    const int at = blockIdx.x * 256 + threadIdx.x, t = blockIdx.y, numbers = short_side * long_side;
    if (at >= numbers) return;
    const float g = many.gradient[t][own_place(at, many.tall[t], short_side, long_side)] * scale[0];
    const u64 place = u64(first + t) * numbers + at;
    const float m = decay * old_momentum[place] + (1.f - decay) * g;
    new_momentum[place] = m;
    ahead[place] = decay * m + (1.f - decay) * g;
}

// Each matrix over its norm. One block a matrix.
extern "C" __global__ void __launch_bounds__(256) muon_normalise(float *__restrict__ x, int numbers) {
    x += u64(blockIdx.x) * numbers;
    float sum = 0.f;
    for (int i = threadIdx.x; i < numbers; i += 256) sum = fmaf(x[i], x[i], sum);
    const float factor = 1.f / (sqrtf(block_sum(sum)) + 1e-7f);
    for (int i = threadIdx.x; i < numbers; i += 256) x[i] *= factor;
}

// gram = a·I + b·gram + c·square, of square matrices of `side` rows.
extern "C" __global__ void __launch_bounds__(256)
    muon_mix(float *__restrict__ gram, const float *__restrict__ square, u64 count, int side, float a, float b, float c) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= count) return;
    const int at = int(id % (u64(side) * side));
    gram[id] = b * gram[id] + c * square[id] + (at / side == at % side ? a : 0.f);
}

// new = value·keep - rate·factor·x. grid as muon_gather.
extern "C" __global__ void __launch_bounds__(256)
    muon_spread(Stacked many, const float *__restrict__ x, int short_side, int long_side, int first, float rate, float keep) {
    const int at = blockIdx.x * 256 + threadIdx.x, t = blockIdx.y, numbers = short_side * long_side;
    if (at >= numbers) return;
    const u64 own = own_place(at, many.tall[t], short_side, long_side);
    many.new_value[t][own] = many.value[t][own] * keep - rate * many.factor[t] * x[u64(first + t) * numbers + at];
}
