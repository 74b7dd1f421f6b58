// f32 attention around its matrix products: norm and rotation of the heads, softmax, and their gradients.
// Heads of up to 128 numbers; a warp holds one head of one token, number lane + 32·i in its i-th register.

#define MOST_PARTS 4

struct Head {
    float v[MOST_PARTS];
};

DEVICE Head load_head(const float *p, int dim, int lane) {
    Head head;
#pragma unroll
    for (int i = 0; i < MOST_PARTS; ++i) head.v[i] = lane + 32 * i < dim ? p[lane + 32 * i] : 0.f;
    return head;
}

DEVICE float inverse_rms(const Head &head, int dim, float epsilon) {
    float squares = 0.f;
#pragma unroll
    for (int i = 0; i < MOST_PARTS; ++i) squares = fmaf(head.v[i], head.v[i], squares);
    return 1.f / sqrtf(warp_sum(squares) / dim + epsilon);
}

// Turns each pair (a, b) to (a·cos - b·sin, b·cos + a·sin), or back with direction -1. `halves` pairs number j with
// j + dim/2, otherwise neighbours pair up. `held` is the warp's own shared memory.
DEVICE Head rotate(const Head &head, float *held, const float *cosine, const float *sine, int dim, int halves, float direction, int lane) {
    __syncwarp();
#pragma unroll
    for (int i = 0; i < MOST_PARTS; ++i)
        if (lane + 32 * i < dim) held[lane + 32 * i] = head.v[i];
    __syncwarp();
    Head turned;
#pragma unroll
    for (int i = 0; i < MOST_PARTS; ++i) {
        const int e = lane + 32 * i;
        turned.v[i] = 0.f;
        if (e >= dim) continue;
        const int half = dim / 2, angle = halves ? e % half : e / 2;
        const bool second = halves ? e >= half : e & 1;
        const int other = halves ? (second ? e - half : e + half) : e ^ 1;
        turned.v[i] = head.v[i] * cosine[angle] + (second ? direction : -direction) * held[other] * sine[angle];
    }
    return turned;
}

// Where head `head` of token `token` of [batch, heads, length, dim] begins.
DEVICE u64 head_start(u64 token, int head, int heads, u64 length, int dim) {
    return ((token / length * heads + head) * length + token % length) * dim;
}

// qkv: [batch·length, (q_heads + 2·k_heads)·dim] → q [batch, q_heads, length, dim], k and v [batch, k_heads, length, dim];
// queries and keys RMS-normed by their weights (null leaves them) and turned. cosine, sine: [positions, dim/2], token t
// using row t % positions. One warp a head of a token.
extern "C" __global__ void __launch_bounds__(256)
    norm_rope_split(const float *__restrict__ qkv, const float *__restrict__ q_weight, const float *__restrict__ k_weight,
                    const float *__restrict__ cosine, const float *__restrict__ sine, float *__restrict__ q, float *__restrict__ k,
                    float *__restrict__ v, u64 tokens, u64 length, u64 positions, int q_heads, int k_heads, int dim, int halves,
                    float epsilon) {
    __shared__ float held[8][128];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, row_heads = q_heads + 2 * k_heads;
    const u64 unit = u64(blockIdx.x) * 8 + warp;
    if (unit >= tokens * row_heads) return;
    const u64 token = unit / row_heads;
    const int place = int(unit % row_heads), kind = place < q_heads ? 0 : place < q_heads + k_heads ? 1 : 2;
    Head head = load_head(qkv + unit * dim, dim, lane);
    if (kind < 2) {
        const float *weight = kind == 0 ? q_weight : k_weight;
        if (weight) {
            const float inverse = inverse_rms(head, dim, epsilon);
#pragma unroll
            for (int i = 0; i < MOST_PARTS; ++i)
                if (lane + 32 * i < dim) head.v[i] *= inverse * weight[lane + 32 * i];
        }
        const u64 row = token % positions * (dim / 2);
        head = rotate(head, held[warp], cosine + row, sine + row, dim, halves, 1.f, lane);
    }
    float *out = kind == 0   ? q + head_start(token, place, q_heads, length, dim)
                 : kind == 1 ? k + head_start(token, place - q_heads, k_heads, length, dim)
                             : v + head_start(token, place - q_heads - k_heads, k_heads, length, dim);
#pragma unroll
    for (int i = 0; i < MOST_PARTS; ++i)
        if (lane + 32 * i < dim) out[lane + 32 * i] = head.v[i];
}

// The gradient of norm_rope_split. With n = x·r the normed head and g = (dy turned back)·weight:
//   dx = r·(g - n·mean(g·n));  partial [blocks, 2, dim] = Σ over the block's query and key heads of (dy turned back)·n.
// A block takes `strip` heads in a row; d_qkv is written whole.
extern "C" __global__ void __launch_bounds__(256)
    norm_rope_split_backward(const float *__restrict__ qkv, const float *__restrict__ q_weight, const float *__restrict__ k_weight,
                             const float *__restrict__ cosine, const float *__restrict__ sine, const float *__restrict__ dq,
                             const float *__restrict__ dk, const float *__restrict__ dv, float *__restrict__ d_qkv,
                             float *__restrict__ partial, u64 tokens, u64 length, u64 positions, int q_heads, int k_heads, int dim,
                             int halves, float epsilon, int strip) {
    __shared__ float held[8][128];
    __shared__ float shared[8][2][128];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, row_heads = q_heads + 2 * k_heads;
    const u64 first = u64(blockIdx.x) * strip, last = min(first + strip, tokens * row_heads);
    float sums[2][MOST_PARTS] = {};
    for (u64 unit = first + warp; unit < last; unit += 8) {
        const u64 token = unit / row_heads;
        const int place = int(unit % row_heads), kind = place < q_heads ? 0 : place < q_heads + k_heads ? 1 : 2;
        const float *from = kind == 0   ? dq + head_start(token, place, q_heads, length, dim)
                            : kind == 1 ? dk + head_start(token, place - q_heads, k_heads, length, dim)
                                        : dv + head_start(token, place - q_heads - k_heads, k_heads, length, dim);
        Head g = load_head(from, dim, lane);
        if (kind < 2) {
            const u64 row = token % positions * (dim / 2);
            g = rotate(g, held[warp], cosine + row, sine + row, dim, halves, -1.f, lane);
            const float *weight = kind == 0 ? q_weight : k_weight;
            if (weight) {
                Head n = load_head(qkv + unit * dim, dim, lane);
                const float inverse = inverse_rms(n, dim, epsilon);
                float along = 0.f;
#pragma unroll
                for (int i = 0; i < MOST_PARTS; ++i) {
                    n.v[i] *= inverse;
                    const float product = g.v[i] * n.v[i];
                    sums[0][i] += kind == 0 ? product : 0.f;
                    sums[1][i] += kind == 1 ? product : 0.f;
                    g.v[i] *= lane + 32 * i < dim ? weight[lane + 32 * i] : 0.f;
                    along = fmaf(g.v[i], n.v[i], along);
                }
                along = warp_sum(along) / dim;
#pragma unroll
                for (int i = 0; i < MOST_PARTS; ++i) g.v[i] = inverse * (g.v[i] - n.v[i] * along);
            }
        }
#pragma unroll
        for (int i = 0; i < MOST_PARTS; ++i)
            if (lane + 32 * i < dim) d_qkv[unit * dim + lane + 32 * i] = g.v[i];
    }
#pragma unroll
    for (int i = 0; i < MOST_PARTS; ++i) {
        shared[warp][0][lane + 32 * i] = sums[0][i];
        shared[warp][1][lane + 32 * i] = sums[1][i];
    }
    __syncthreads();
    for (int e = threadIdx.x; e < 2 * dim; e += 256) {
        float sum = 0.f;
#pragma unroll
        for (int w = 0; w < 8; ++w) sum += shared[w][e / dim][e % dim];
        partial[u64(blockIdx.x) * 2 * dim + e] = sum;
    }
}

DEVICE float warp_max(float x) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
    return x;
}

// Rows of scores become probabilities in place: softmax(score·scale + bias). One warp a row of `columns` keys.
// bias: [items, columns] or null, an item having `item_rows` rows; `causal` hides keys after query row % length.
extern "C" __global__ void __launch_bounds__(256)
    softmax(float *__restrict__ scores, const float *__restrict__ bias, u64 rows, int columns, u64 item_rows, int length, int causal,
            float scale) {
    const u64 row = u64(blockIdx.x) * 8 + (threadIdx.x >> 5);
    const int lane = threadIdx.x & 31;
    if (row >= rows) return;
    scores += row * columns;
    if (bias) bias += row / item_rows * columns;
    const int seen = causal ? min(int(row % length) + 1, columns) : columns;
    float high = NEGATIVE_INFINITY, sum = 0.f;
    for (int c = lane; c < seen; c += 32) {
        const float score = scores[c] * scale + (bias ? bias[c] : 0.f);
        high = fmaxf(high, score);
    }
    high = warp_max(high);
    for (int c = lane; c < seen; c += 32) {
        const float p = expf(scores[c] * scale + (bias ? bias[c] : 0.f) - high);
        scores[c] = p;
        sum += p;
    }
    const float inverse = 1.f / warp_sum(sum);
    for (int c = lane; c < columns; c += 32) scores[c] = c < seen ? scores[c] * inverse : 0.f;
}

// d_scores = p·(dp - Σ p·dp)·scale, in place of dp. One warp a row.
extern "C" __global__ void __launch_bounds__(256)
    softmax_backward(const float *__restrict__ p, float *__restrict__ dp, u64 rows, int columns, float scale) {
    const u64 row = u64(blockIdx.x) * 8 + (threadIdx.x >> 5);
    const int lane = threadIdx.x & 31;
    if (row >= rows) return;
    p += row * columns;
    dp += row * columns;
    float sum = 0.f;
    for (int c = lane; c < columns; c += 32) sum = fmaf(p[c], dp[c], sum);
    sum = warp_sum(sum);
    for (int c = lane; c < columns; c += 32) dp[c] = p[c] * (dp[c] - sum) * scale;
}

// out[o, b, a, i] = in[o, a, b, i]; `count` numbers in all.
extern "C" __global__ void __launch_bounds__(256)
    swap_middle(const float *__restrict__ in, float *__restrict__ out, u64 count, u64 a_size, u64 b_size, int inner) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= count) return;
    const u64 i = id % inner, row = id / inner, a = row % a_size, outer = row / a_size, b = outer % b_size, o = outer / b_size;
    out[id] = in[((o * a_size + a) * b_size + b) * inner + i];
}
