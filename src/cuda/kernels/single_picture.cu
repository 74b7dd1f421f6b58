// f32 pictures, [batch, channels, height, width]: convolutions by columns, group norm, doubling, and their gradients.
// Every gradient gathers; nothing is added atomically, so results repeat.

// columns[item][(channel, ky, kx)][oy, ox] = x[item][channel][oy·stride + ky - padding][ox·stride + kx - padding], zero outside.
// A thread takes all taps of one pixel. grid: [output pixels / 256, channels, items].
extern "C" __global__ void __launch_bounds__(256)
    im2col(const float *__restrict__ x, float *__restrict__ columns, int height, int width, int out_height, int out_width, int kernel,
           int stride, int padding) {
    const int pixel = blockIdx.x * 256 + threadIdx.x, pixels = out_height * out_width;
    if (pixel >= pixels) return;
    const int top = pixel / out_width * stride - padding, left = pixel % out_width * stride - padding;
    const u64 plane = u64(blockIdx.z) * gridDim.y + blockIdx.y;
    x += plane * height * width;
    columns += plane * kernel * kernel * pixels + pixel;
    for (int row = top; row < top + kernel; ++row)
        for (int column = left; column < left + kernel; ++column, columns += pixels) {
            const bool inside = row >= 0 && row < height && column >= 0 && column < width;
            *columns = inside ? x[row * width + column] : 0.f;
        }
}

// The gradient of im2col: each pixel gathers from the columns it went into. grid: [pixels / 256, channels, items].
extern "C" __global__ void __launch_bounds__(256)
    col2im(const float *__restrict__ columns, float *__restrict__ dx, int height, int width, int out_height, int out_width, int kernel,
           int stride, int padding) {
    const int pixel = blockIdx.x * 256 + threadIdx.x;
    if (pixel >= height * width) return;
    const int row = pixel / width, column = pixel % width, pixels = out_height * out_width;
    const u64 plane = u64(blockIdx.z) * gridDim.y + blockIdx.y;
    float sum = 0.f;
    for (int ky = 0; ky < kernel; ++ky) {
        const int y = row + padding - ky, oy = y / stride;
        if (y < 0 || y % stride || oy >= out_height) continue;
        for (int kx = 0; kx < kernel; ++kx) {
            const int c = column + padding - kx, ox = c / stride;
            if (c < 0 || c % stride || ox >= out_width) continue;
            sum += columns[(plane * kernel * kernel + ky * kernel + kx) * pixels + oy * out_width + ox];
        }
    }
    dx[plane * height * width + pixel] = sum;
}

// x[item][channel][pixel] += bias[channel] (+ residual). grid: [pixels / 256, channels, items].
extern "C" __global__ void __launch_bounds__(256)
    add_planes(float *__restrict__ x, const float *__restrict__ bias, const float *__restrict__ residual, int pixels) {
    const int pixel = blockIdx.x * 256 + threadIdx.x;
    if (pixel >= pixels) return;
    const u64 plane = u64(blockIdx.z) * gridDim.y + blockIdx.y, at = plane * pixels + pixel;
    x[at] += bias[blockIdx.y] + (residual ? residual[at] : 0.f);
}

// Every thread gets the sum over the block of 256. `place` must differ between calls that no barrier separates.
DEVICE float block_sum(float x, int place) {
    __shared__ float parts[4][8];
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) parts[place][threadIdx.x >> 5] = x;
    __syncthreads();
    float sum = 0.f;
#pragma unroll
    for (int w = 0; w < 8; ++w) sum += parts[place][w];
    return sum;
}

// out[plane] = Σ x[plane]. One block a plane.
extern "C" __global__ void __launch_bounds__(256) plane_sum(const float *__restrict__ x, float *__restrict__ out, int pixels) {
    x += u64(blockIdx.x) * pixels;
    float sum = 0.f;
    for (int p = threadIdx.x; p < pixels; p += 256) sum += x[p];
    sum = block_sum(sum, 0);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

// Sums of values and squares over strips of a group's numbers: partial[item][group][strip]. grid: [strips, groups, items].
extern "C" __global__ void __launch_bounds__(256)
    group_sums(const float *__restrict__ x, float2 *__restrict__ partial, u64 numbers, int strip) {
    const u64 group = u64(blockIdx.z) * gridDim.y + blockIdx.y;
    x += group * numbers;
    const u64 first = u64(blockIdx.x) * strip, last = min(first + strip, numbers);
    float sum = 0.f, squares = 0.f;
    for (u64 i = first + threadIdx.x; i < last; i += 256) {
        sum += x[i];
        squares = fmaf(x[i], x[i], squares);
    }
    sum = block_sum(sum, 0);
    squares = block_sum(squares, 1);
    if (threadIdx.x == 0) partial[group * gridDim.x + blockIdx.x] = make_float2(sum, squares);
}

// statistics[group] = (mean, 1 / √(variance + epsilon)). One thread a group.
extern "C" __global__ void __launch_bounds__(256)
    group_statistics(const float2 *__restrict__ partial, float2 *__restrict__ statistics, int groups, int strips, u64 numbers,
                     float epsilon) {
    const int group = blockIdx.x * 256 + threadIdx.x;
    if (group >= groups) return;
    double sum = 0, squares = 0;
    for (int s = 0; s < strips; ++s) {
        const float2 part = partial[u64(group) * strips + s];
        sum += part.x;
        squares += part.y;
    }
    const double mean = sum / numbers, variance = squares / numbers - mean * mean;
    statistics[group] = make_float2(float(mean), float(1.0 / sqrt((variance > 0 ? variance : 0) + double(epsilon))));
}

DEVICE float sigmoid(float x) { return 1.f / (1.f + expf(-x)); }

// out = n·weight + bias with n = (x - mean)·r, through silu if `activate`. grid: [pixels / 256, channels, items];
// `size` channels make a group.
extern "C" __global__ void __launch_bounds__(256)
    group_apply(const float *__restrict__ x, const float2 *__restrict__ statistics, const float *__restrict__ weight,
                const float *__restrict__ bias, float *__restrict__ out, int pixels, int size, int activate) {
    const int pixel = blockIdx.x * 256 + threadIdx.x, channel = blockIdx.y;
    if (pixel >= pixels) return;
    const u64 plane = u64(blockIdx.z) * gridDim.y + channel, at = plane * pixels + pixel;
    const float2 s = statistics[plane / size];
    const float z = (x[at] - s.x) * s.y * weight[channel] + bias[channel];
    out[at] = activate ? z * sigmoid(z) : z;
}

// dz = dy through the silu, whose derivative is σ·(1 + z·(1 - σ)).
DEVICE float before_silu(float dy, float n, float weight, float bias, int activate) {
    if (!activate) return dy;
    const float z = n * weight + bias, s = sigmoid(z);
    return dy * s * (1.f + z * (1.f - s));
}

// sums[plane] = Σ dz, along[plane] = Σ dz·n. One block a plane; grid: [channels, items].
extern "C" __global__ void __launch_bounds__(256)
    group_backward_sums(const float *__restrict__ x, const float *__restrict__ dy, const float2 *__restrict__ statistics,
                        const float *__restrict__ weight, const float *__restrict__ bias, float *__restrict__ sums,
                        float *__restrict__ along, int pixels, int size, int activate) {
    const int channel = blockIdx.x;
    const u64 plane = u64(blockIdx.y) * gridDim.x + channel;
    const float2 s = statistics[plane / size];
    const float w = weight[channel], b = bias[channel];
    x += plane * pixels;
    dy += plane * pixels;
    float sum = 0.f, product = 0.f;
    for (int p = threadIdx.x; p < pixels; p += 256) {
        const float n = (x[p] - s.x) * s.y, dz = before_silu(dy[p], n, w, b, activate);
        sum += dz;
        product = fmaf(dz, n, product);
    }
    sum = block_sum(sum, 0);
    product = block_sum(product, 1);
    if (threadIdx.x == 0) {
        sums[plane] = sum;
        along[plane] = product;
    }
}

// means[group] = (mean of dz·weight, mean of dz·weight·n) over the group's numbers. One thread a group of an item.
extern "C" __global__ void __launch_bounds__(256)
    group_backward_means(const float *__restrict__ sums, const float *__restrict__ along, const float *__restrict__ weight,
                         float2 *__restrict__ means, int groups, int item_groups, int size, int pixels) {
    const int group = blockIdx.x * 256 + threadIdx.x;
    if (group >= groups) return;
    float sum = 0.f, product = 0.f;
    for (int c = 0; c < size; ++c) {
        const float w = weight[group % item_groups * size + c];
        sum = fmaf(sums[u64(group) * size + c], w, sum);
        product = fmaf(along[u64(group) * size + c], w, product);
    }
    const float numbers = float(size) * pixels;
    means[group] = make_float2(sum / numbers, product / numbers);
}

// dx = r·(dz·weight - mean(dz·weight) - n·mean(dz·weight·n)). grid as group_apply.
extern "C" __global__ void __launch_bounds__(256)
    group_backward_apply(const float *__restrict__ x, const float *__restrict__ dy, const float2 *__restrict__ statistics,
                         const float2 *__restrict__ means, const float *__restrict__ weight, const float *__restrict__ bias,
                         float *__restrict__ dx, int pixels, int size, int activate) {
    const int pixel = blockIdx.x * 256 + threadIdx.x, channel = blockIdx.y;
    if (pixel >= pixels) return;
    const u64 plane = u64(blockIdx.z) * gridDim.y + channel, at = plane * pixels + pixel;
    const float2 s = statistics[plane / size], m = means[plane / size];
    const float n = (x[at] - s.x) * s.y, w = weight[channel];
    dx[at] = s.y * (before_silu(dy[at], n, w, bias[channel], activate) * w - m.x - n * m.y);
}

// Each pixel becomes four. out: [planes, 2·height, 2·width], `count` numbers.
extern "C" __global__ void __launch_bounds__(256)
    upsample(const float *__restrict__ x, float *__restrict__ out, u64 count, int width) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= count) return;
    // Planes have an even number of rows, so half the row over all planes is the row it comes from.
    const u64 column = id % (2 * width), row = id / (2 * width);
    out[id] = x[row / 2 * width + column / 2];
}

// The sum of the four. dx: [planes, height, width], `count` numbers.
extern "C" __global__ void __launch_bounds__(256)
    upsample_backward(const float *__restrict__ dy, float *__restrict__ dx, u64 count, int width) {
    const u64 id = u64(blockIdx.x) * 256 + threadIdx.x;
    if (id >= count) return;
    const float *first = dy + id / width * 2 * (2 * width) + id % width * 2;
    dx[id] = first[0] + first[1] + first[2 * width] + first[2 * width + 1];
}
