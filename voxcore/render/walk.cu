// The walk of `kernels.py` for GPUs: one thread a ray, the same cells, the same distances, bit for bit.
//
// Plain CUDA C that NVRTC compiles when the first picture is drawn (`cuda.py`). Every g++ compiles it too,
// with a header that plays a block of threads (tests/render/warp_player.h), so its logic is tested without
// a GPU. Nothing here is a template or includes a header.
//
// Convention: grid space, where cell (x, y, z) spans x..x+1; distances t are float64 along the viewing axis.
// The traversal is float64 as on the CPU, and written with __d*_rn where a compiler might fuse two roundings
// into one; colours are float32.
//
// Forward, front to back, writes the pictures and two words of state: the last cell that counts and the
// transmittance there. Backward walks the same cells back to front from that state. The distance to a plane
// is computed afresh from its number, so the walk back meets the very crossings of the walk there, and both
// recursions are stable: with v_i = g . (colour_i, t_i, 1) and B_i the same scalar of what lies behind,
//     dL/dalpha_i = T_i (v_i - B_i),  dL/dcolour_i = T_i alpha_i g,  B_{i-1} = B_i + alpha_i (v_i - B_i).
// T_i is found by dividing by 1 - alpha_i; opaque cells (alpha = 1) are counted instead, so they are exact.
//
// What makes the way back fast: along a ray sx*x + sy*y + sz*z (s the signs of its direction) grows by one
// with every cell. The rays of a warp, a tile of 8x4 pixels, wait for each other until they stand on the same
// of these planes; then all that cross one cell are there in the same turn of the loop, are added up in
// registers, and one of them does the atomic.

#define TILE_X 8
#define TILE_Y 4
#define FULL 0xffffffffu
#ifndef LEVELS
#define LEVELS 2
#endif
#define NEGLIGIBLE 1e-7f /* as in kernels.py */

typedef long long i64;
typedef unsigned long long u64;

struct Axis {
    double o, inv; // origin and 1 / direction
    int at;        // cell
    bool up, flat; // direction > 0, direction == 0
};

struct Ray {
    Axis x, y, z;
    double t, far; // t: where the first cell is entered
    int face;      // through which the ray came into the grid, -1 where it starts inside
    bool hit;
};

__device__ __forceinline__ double infinity() { return __longlong_as_double(0x7ff0000000000000LL); }

__device__ __forceinline__ double plane_t(int plane, double o, double inv) { return ((double)plane - o) * inv; }

__device__ __forceinline__ void slab(Axis *axis, double d, int size, double *in, double *out) {
    axis->up = d > 0.0;
    axis->flat = d == 0.0;
    axis->inv = axis->flat ? infinity() : 1.0 / d;
    if (axis->flat) {
        bool inside = 0.0 <= axis->o && axis->o < (double)size;
        *in = inside ? -infinity() : infinity();
        *out = inside ? infinity() : -infinity();
    } else {
        *in = plane_t(axis->up ? 0 : size, axis->o, axis->inv);
        *out = plane_t(axis->up ? size : 0, axis->o, axis->inv);
    }
}

__device__ __forceinline__ int first_cell(const Axis *axis, double d, double t, int size, bool on_entry_plane) {
    if (on_entry_plane) return axis->up ? 0 : size - 1;
    double here = floor(__dadd_rn(axis->o, __dmul_rn(t, d)));
    return here < 0.0 ? 0 : here > (double)(size - 1) ? size - 1 : (int)here;
}

// Where a ray starts in the grid; ties go to x, then y, then z.
__device__ __forceinline__ void enter(Ray *ray, double dx, double dy, double dz, double near, int X, int Y, int Z) {
    double x0, x1, y0, y1, z0, z1;
    slab(&ray->x, dx, X, &x0, &x1);
    slab(&ray->y, dy, Y, &y0, &y1);
    slab(&ray->z, dz, Z, &z0, &z1);
    double t = fmax(fmax(x0, y0), z0);
    int face = -1;
    if (t < near) t = near;
    else if (t == x0) face = ray->x.up ? 1 : 0;
    else if (t == y0) face = ray->y.up ? 3 : 2;
    else face = ray->z.up ? 5 : 4;
    ray->t = t;
    ray->face = face;
    ray->hit = t < fmin(fmin(x1, y1), z1);
    ray->x.at = ray->y.at = ray->z.at = 0;
    if (!ray->hit) return;
    ray->x.at = first_cell(&ray->x, dx, t, X, face == 0 || face == 1);
    ray->y.at = first_cell(&ray->y, dy, t, Y, face == 2 || face == 3);
    ray->z.at = first_cell(&ray->z, dz, t, Z, face == 4 || face == 5);
}

// The number of the thread's ray, -1 where it has none, and its row in `source`, in world space:
//   width > 0:  whole pictures; source [V, 14] = eye, a, b, c of Camera.ray_basis, near, far. Numbers are as
//               in [V, H, W]; a block of four warps covers 16x8 pixels.
//   width == 0: single rays; source [R, 8] = origin, direction, near, far.
__device__ __forceinline__ i64 ray_number(
    const double **source, i64 rays, int width, int height, int *column, int *row
) {
    *column = *row = 0;
    if (width == 0) {
        i64 number = (i64)blockIdx.x * blockDim.x + threadIdx.x;
        *source += 8 * number;
        return number < rays ? number : -1;
    }
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int across = (width + 2 * TILE_X - 1) / (2 * TILE_X), down = (height + 2 * TILE_Y - 1) / (2 * TILE_Y);
    int view = blockIdx.x / (across * down), tile = blockIdx.x % (across * down);
    *column = tile % across * 2 * TILE_X + (warp & 1) * TILE_X + lane % TILE_X;
    *row = tile / across * 2 * TILE_Y + (warp >> 1) * TILE_Y + lane / TILE_X;
    *source += 14 * view;
    return *column < width && *row < height ? ((i64)view * height + *row) * width + *column : -1;
}

__device__ __forceinline__ void load_ray(
    Ray *ray, const double *own, bool whole, int column, int row, double scale, int X, int Y, int Z
) {
    double d[3];
    for (int i = 0; i < 3; ++i) {
        d[i] = own[3 + i];
        if (whole) d[i] = __dadd_rn(__dadd_rn(d[i], __dmul_rn(column + 0.5, own[6 + i])), __dmul_rn(row + 0.5, own[9 + i]));
        d[i] /= scale;
    }
    ray->x.o = own[0] / scale + X / 2.0;
    ray->y.o = own[1] / scale;
    ray->z.o = own[2] / scale + Z / 2.0;
    ray->far = own[whole ? 13 : 7];
    enter(ray, d[0], d[1], d[2], own[whole ? 12 : 6], X, Y, Z);
}

// The planes of one axis that a ray crosses one after the other, in doubles: whole numbers are exact, and
// nothing has to be converted on the way. `left` is how many cells lie ahead.
struct Planes {
    double t, at, step;
    int left;
};

__device__ __forceinline__ void cross(Planes *planes, const Axis *axis, bool crossed) {
    planes->at += crossed ? planes->step : 0.0;
    planes->t = (planes->at - axis->o) * axis->inv;
    planes->left -= crossed;
}

__device__ __forceinline__ Planes planes_ahead(const Axis *axis, int size) {
    Planes planes;
    planes.step = axis->up ? 1.0 : -1.0;
    planes.at = axis->flat ? 1e300 : (double)(axis->at + axis->up); // far away, so that t is infinite
    planes.left = axis->up ? size - 1 - axis->at : axis->at;
    planes.t = (planes.at - axis->o) * axis->inv;
    return planes;
}

// From `here` back to axis->at. Where none is left, t is minus infinity.
__device__ __forceinline__ void cross_back(Planes *planes, const Axis *axis, bool crossed) {
    cross(planes, axis, crossed);
    planes->t = planes->left > 0 ? planes->t : -infinity();
}

__device__ __forceinline__ Planes planes_behind(const Axis *axis, int here) {
    Planes planes;
    planes.step = axis->up ? -1.0 : 1.0;
    planes.at = here + !axis->up;
    planes.left = abs(here - axis->at);
    planes.t = 0.0;
    cross_back(&planes, axis, false);
    return planes;
}

// Colour (r, g, b, mean of r^2 + g^2 + b^2) of a face: sum over m of p_m lit_m, from the table of all faces
// [N, 6] where there is one, else from probs [N, M] and lit [6, M].
__device__ __forceinline__ float4 face_color(
    int cell, int face, const float4 *table, const float *probs, const float4 *lit, int M
) {
    if (table) return table[6 * (i64)cell + face];
    const float *p = probs + (i64)cell * M;
    const float4 *row = lit + face * M;
    float4 c = make_float4(0.f, 0.f, 0.f, 0.f);
    for (int m = 0; m < M; ++m) {
        float share = p[m];
        float4 l = row[m];
        c.x += share * l.x;
        c.y += share * l.y;
        c.z += share * l.z;
        c.w += share * l.w;
    }
    return c;
}

// Writes the table [N, 6] of face colours; a thread a face.
extern "C" __global__ void mix(const float *probs, const float4 *lit, int M, i64 faces, float4 *table) {
    i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < faces) table[i] = face_color((int)(i / 6), (int)(i % 6), 0, probs, lit, M);
}

// Draws. The outputs are the fields of RenderOutput; state [R, 2] is for the way back: the last cell with the
// number of opaque cells (0..2) above it in bits 29 and 30, -1 for none, and the transmittance behind it
// without the opaque ones.
extern "C" __global__ void composite(
    const float *alpha, const float *probs, const float4 *table, const float4 *lit, int M, int X, int Y, int Z,
    const double *source, i64 rays, int width, int height, double scale,
    float sky_r, float sky_g, float sky_b, float sky_square,
    float *rgb, float *square, float *depth, float *normal, float *opacity, i64 *cell, i64 *block_id, int2 *state
) {
    int column, row;
    i64 number = ray_number(&source, rays, width, height, &column, &row);
    if (number < 0) return;
    Ray ray;
    load_ray(&ray, source, width > 0, column, row, scale, X, Y, Z);
    float T = 1.f, red = 0.f, green = 0.f, blue = 0.f, power = 0.f, distance = 0.f;
    float through_x = 0.f, through_y = 0.f, best = 0.f;
    float partial = 1.f, most = 0.f, others = 1.f;
    int best_cell = -1, last = -1, opaque = 0;
    if (ray.hit && ray.t <= ray.far) {
        Planes x = planes_ahead(&ray.x, X), y = planes_ahead(&ray.y, Y), z = planes_ahead(&ray.z, Z);
        int stride_x = ray.x.up ? Y * Z : -Y * Z, stride_y = ray.y.up ? Z : -Z, stride_z = ray.z.up ? 1 : -1;
        int index = (ray.x.at * Y + ray.y.at) * Z + ray.z.at, face = ray.face;
        double t = ray.t;
        float a = alpha[index];
        for (bool inside = true; inside;) {
            // Where the ray goes next; that cell's alpha is on its way while this cell is worked on.
            bool to_x = x.t <= y.t && x.t <= z.t, to_y = !to_x && y.t <= z.t, to_z = !to_x && !to_y;
            double next_t = to_x ? x.t : to_y ? y.t : z.t;
            int next_index = index + (to_x ? stride_x : to_y ? stride_y : stride_z);
            int next_face = to_x ? ray.x.up : to_y ? 2 + ray.y.up : 4 + ray.z.up;
            cross(&x, &ray.x, to_x);
            cross(&y, &ray.y, to_y);
            cross(&z, &ray.z, to_z);
            inside = (x.left | y.left | z.left) >= 0 && next_t <= ray.far;
            float next_a = inside ? alpha[next_index] : 0.f;
            if (face >= 0) { // the cell in which the ray starts does not count
                float weight = T * a, rest = 1.f - a;
                if (weight > 0.f) {
                    float4 c = face_color(index, face, table, probs, lit, M);
                    red += weight * c.x;
                    green += weight * c.y;
                    blue += weight * c.z;
                    power += weight * c.w;
                    distance += weight * (float)t;
                    through_x += face < 2 ? weight : 0.f;
                    through_y += face >> 1 == 1 ? weight : 0.f;
                    if (weight > best) {
                        best = weight;
                        best_cell = index;
                    }
                }
                T *= rest;
                opaque += a == 1.f;
                partial *= a == 1.f ? 1.f : rest;
                last = index;
                // As on the CPU: what is behind the first opaque cell decides that cell's gradient.
                others *= 1.f - fminf(a, most);
                most = fmaxf(a, most);
                if (others < NEGLIGIBLE) break;
            }
            index = next_index;
            face = next_face;
            t = next_t;
            a = next_a;
        }
    }
    rgb[3 * number] = red + T * sky_r;
    rgb[3 * number + 1] = green + T * sky_g;
    rgb[3 * number + 2] = blue + T * sky_b;
    square[number] = power + T * sky_square;
    depth[number] = distance + T * (float)ray.far;
    opacity[number] = 1.f - T;
    float through_z = fmaxf(1.f - T - through_x - through_y, 0.f);
    normal[3 * number] = ray.x.up ? -through_x : through_x;
    normal[3 * number + 1] = ray.y.up ? -through_y : through_y;
    normal[3 * number + 2] = ray.z.up ? -through_z : through_z;
    int seen = best_cell >= 0 && best >= T ? best_cell : -1;
    cell[number] = seen;
    int block = 0;
    if (seen >= 0) {
        const float *p = probs + (i64)seen * M;
        float most_likely = p[0];
        block = 1;
        for (int m = 1; m < M; ++m)
            if (p[m] > most_likely) {
                most_likely = p[m];
                block = m + 1;
            }
    }
    block_id[number] = block;
    state[number] = make_int2(last < 0 ? -1 : last | opaque << 29, __float_as_int(partial));
}

// What the loss makes of a ray's colour (r, g, b, square), depth and alpha; outputs without a gradient are 0.
struct Pull {
    float r, g, b, s, depth, alpha;
};

__device__ __forceinline__ Pull load_pull(
    i64 number, const float *g_rgb, const float *g_square, const float *g_depth, const float *g_alpha
) {
    Pull g;
    g.r = g_rgb ? g_rgb[3 * number] : 0.f;
    g.g = g_rgb ? g_rgb[3 * number + 1] : 0.f;
    g.b = g_rgb ? g_rgb[3 * number + 2] : 0.f;
    g.s = g_square ? g_square[number] : 0.f;
    g.depth = g_depth ? g_depth[number] : 0.f;
    g.alpha = g_alpha ? g_alpha[number] : 0.f;
    return g;
}

#ifdef DETERMINISTIC
// Sums of whole numbers do not depend on their order. `largest` bounds what one ray can add to one number;
// `rays` of them fit into 62 bits, so a unit is about 2^-40 of that bound for a million rays.
typedef i64 Sum;

__device__ __forceinline__ double unit_of(float bound, i64 rays) {
    if (!(bound > 0.f)) return 1.0;
    double whole = 4611686018427387904.0 / (2.0 * (double)bound * (double)(rays + 1)); // 2^62
    return __longlong_as_double(__double_as_longlong(whole) & 0x7ff0000000000000LL);   // down to a power of two
}

// bound[0] = the largest, over rays, of a bound on |v_i - B_i| / 2 and on |dL/dp|; NaN wins.
extern "C" __global__ void largest(
    i64 rays, const float *g_rgb, const float *g_square, const float *g_depth, const float *g_alpha,
    float most_color, float most_square, float most_far, float *bound
) {
    i64 number = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    float here = 0.f;
    if (number < rays) {
        Pull g = load_pull(number, g_rgb, g_square, g_depth, g_alpha);
        here = (fabsf(g.r) + fabsf(g.g) + fabsf(g.b)) * most_color + fabsf(g.s) * most_square +
               fabsf(g.depth) * most_far + fabsf(g.alpha);
    }
    int bits = __float_as_int(here);
    for (int bit = 16; bit; bit >>= 1) {
        int other = __shfl_xor_sync(FULL, bits, bit);
        bits = other > bits ? other : bits;
    }
    if ((threadIdx.x & 31) == 0 && bits > 0) atomicMax((int *)bound, bits);
}

// sums [count] to grads [count].
extern "C" __global__ void settle(const i64 *sums, i64 count, const float *bound, i64 rays, float *grads) {
    i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    float most = bound[0];
    // Infinity minus itself, so that a loss that is not finite gives NaN and not a number from nowhere.
    grads[i] = most - most == 0.f ? (float)((double)sums[i] / unit_of(most, rays)) : most - most;
}
#else
typedef float Sum;
#endif

__device__ __forceinline__ void add4(float *to, float a, float b, float c, float d) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(a), "f"(b), "f"(c), "f"(d) : "memory");
#else
    atomicAdd(to, a);
    atomicAdd(to + 1, b);
    atomicAdd(to + 2, c);
    atomicAdd(to + 3, d);
#endif
}

// Adds to grads [N, width]: materials at 0..M-1, alpha at M. `pulled` is the sum of weight * g of some rays.
__device__ __forceinline__ void add_up(
    Sum *row, float4 pulled, float d_alpha, bool colored, const float4 *lit, int M, int width, double unit
) {
#ifdef DETERMINISTIC
    if (colored)
        for (int m = 0; m < M; ++m) {
            float4 l = lit[m];
            float value = pulled.x * l.x + pulled.y * l.y + pulled.z * l.z + pulled.w * l.w;
            atomicAdd((u64 *)(row + m), (u64)__double2ll_rn((double)value * unit));
        }
    atomicAdd((u64 *)(row + M), (u64)__double2ll_rn((double)d_alpha * unit));
#else
    if (!colored) {
        atomicAdd(row + M, d_alpha);
        return;
    }
    for (int m = 0; m < width; m += 4) {
        float value[4];
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            float4 l = lit[m + k < M ? m + k : 0];
            value[k] = pulled.x * l.x + pulled.y * l.y + pulled.z * l.z + pulled.w * l.w;
            if (m + k >= M) value[k] = m + k == M ? d_alpha : 0.f;
        }
        add4(row + m, value[0], value[1], value[2], value[3]);
    }
#endif
}

// The gradient; grads [N, width] with width a multiple of 4 above M, zeroed by the caller.
extern "C" __global__ void differentiate(
    const float *alpha, const float *probs, const float4 *table, const float4 *lit, int M, int X, int Y, int Z,
    const double *source, i64 rays, int width, int height, double scale,
    float sky_r, float sky_g, float sky_b, float sky_square,
    const float *g_rgb, const float *g_square, const float *g_depth, const float *g_alpha, const int2 *state,
    const float *bound, Sum *grads, int grads_width
) {
    int column, row, lane = threadIdx.x & 31;
    i64 number = ray_number(&source, rays, width, height, &column, &row);
    Pull g = {0.f, 0.f, 0.f, 0.f, 0.f, 0.f};
    int2 kept = number >= 0 ? state[number] : make_int2(-1, 0);
    if (kept.x >= 0) {
        g = load_pull(number, g_rgb, g_square, g_depth, g_alpha);
        bool pulls = g.r != 0.f || g.g != 0.f || g.b != 0.f || g.s != 0.f || g.depth != 0.f || g.alpha != 0.f;
        if (!pulls) kept.x = -1;
    }
    if (!__any_sync(FULL, kept.x >= 0)) return;
    double unit = 1.0;
#ifdef DETERMINISTIC
    unit = unit_of(bound[0], rays);
#endif
    Ray ray;
    ray.x.up = ray.y.up = ray.z.up = false;
    Planes x = {0.0, 0.0, 0.0, 0}, y = x, z = x;
    int visits = 0, opaque = 0, octant = 0, plane = 0, at = 0, face = 0;
    float partial = __int_as_float(kept.y), behind = 0.f, a = 0.f;
    float4 c = make_float4(0.f, 0.f, 0.f, 0.f);
    double t = 0.0;
    bool by_x = false, by_y = false, by_z = false;
// Through which face the ray comes into the cell `at`. Of ties the axis that is crossed last: z, then y, then x.
#define LOOK_BACK                                                                                            \
    by_z = z.t >= y.t && z.t >= x.t && z.left > 0;                                                           \
    by_y = !by_z && y.t >= x.t && y.left > 0;                                                                \
    by_x = !by_z && !by_y && x.left > 0;                                                                     \
    t = by_z ? z.t : by_y ? y.t : by_x ? x.t : ray.t;                                                        \
    face = by_z ? 4 + ray.z.up : by_y ? 2 + ray.y.up : by_x ? ray.x.up : ray.face;                           \
    a = alpha[at];                                                                                           \
    c = face_color(at, face, table, probs, lit, M)
    if (kept.x >= 0) {
        load_ray(&ray, source, width > 0, column, row, scale, X, Y, Z);
        at = kept.x & 0x1fffffff;
        opaque = kept.x >> 29;
        int here_x = at / Z / Y, here_y = at / Z % Y, here_z = at % Z;
        x = planes_behind(&ray.x, here_x);
        y = planes_behind(&ray.y, here_y);
        z = planes_behind(&ray.z, here_z);
        visits = x.left + y.left + z.left + (ray.face >= 0);
        octant = ray.x.up + 2 * ray.y.up + 4 * ray.z.up;
        plane = (ray.x.up ? here_x : -here_x) + (ray.y.up ? here_y : -here_y) + (ray.z.up ? here_z : -here_z);
        behind = g.r * sky_r + g.g * sky_g + g.b * sky_b + g.s * sky_square + g.depth * (float)ray.far;
        LOOK_BACK;
    }
    int back_x = ray.x.up ? -Y * Z : Y * Z, back_y = ray.y.up ? -Z : Z, back_z = ray.z.up ? -1 : 1;
    // Rays wait for the one whose last cell lies on the farthest plane, if all go the same way.
    int wait = 0, leader = __ffs(__ballot_sync(FULL, visits > 0)) - 1;
    int common = __shfl_sync(FULL, octant, leader);
    if (__all_sync(FULL, visits == 0 || octant == common)) {
        int farthest = visits > 0 ? plane : -0x7fffffff;
        for (int bit = 16; bit; bit >>= 1) {
            int other = __shfl_xor_sync(FULL, farthest, bit);
            farthest = other > farthest ? other : farthest;
        }
        wait = farthest - plane;
    }
    while (__any_sync(FULL, visits > 0)) {
        int key = -1;
        float4 pulled = make_float4(0.f, 0.f, 0.f, 0.f);
        float d_alpha = 0.f;
        bool colored = false;
        if (visits > 0 && --wait < 0) {
            if (a == 1.f) --opaque;
            else partial = __fdividef(partial, 1.f - a);
            float value = g.r * c.x + g.g * c.y + g.b * c.z + g.s * c.w + g.depth * (float)t + g.alpha;
            if (opaque == 0) { // else something opaque is in front, and this cell is not seen
                float weight = partial * a;
                d_alpha = partial * (value - behind);
                pulled = make_float4(weight * g.r, weight * g.g, weight * g.b, weight * g.s);
                colored = weight != 0.f;
                key = 6 * at + face;
            }
            behind += a * (value - behind);
            if (--visits > 0) {
                at += by_x ? back_x : by_y ? back_y : back_z;
                cross_back(&x, &ray.x, by_x);
                cross_back(&y, &ray.y, by_y);
                cross_back(&z, &ray.z, by_z);
                LOOK_BACK; // on its way while this cell is added up
            }
        }
        // Pairs of lanes with the same key become one: neighbours first, then farther apart.
        bool any_colored = __any_sync(FULL, colored);
#pragma unroll
        for (int level = 0; level < LEVELS; ++level) {
            const int bit = level == 0 ? 1 : level == 1 ? 8 : level == 2 ? 2 : level == 3 ? 16 : 4;
            bool same = __shfl_xor_sync(FULL, key, bit) == key && key >= 0;
            if (!__any_sync(FULL, same)) continue;
            float more = __shfl_xor_sync(FULL, d_alpha, bit);
            d_alpha += same ? more : 0.f;
            if (any_colored) {
                float r = __shfl_xor_sync(FULL, pulled.x, bit), gr = __shfl_xor_sync(FULL, pulled.y, bit);
                float b = __shfl_xor_sync(FULL, pulled.z, bit);
                pulled.x += same ? r : 0.f;
                pulled.y += same ? gr : 0.f;
                pulled.z += same ? b : 0.f;
                if (g_square) {
                    float s = __shfl_xor_sync(FULL, pulled.w, bit);
                    pulled.w += same ? s : 0.f;
                }
            }
            if (same && (lane & bit)) key = -1;
        }
        if (key >= 0) {
            colored = pulled.x != 0.f || pulled.y != 0.f || pulled.z != 0.f || pulled.w != 0.f;
            const float4 *shades = lit + key % 6 * M;
            add_up(grads + (i64)(key / 6) * grads_width, pulled, d_alpha, colored, shades, M, grads_width, unit);
        }
    }
}
