// Plays CUDA on a CPU: a block's threads are fibers that run until they meet at a warp-wide exchange.
// Enough of the language for voxcore/render/walk.cu, which is included after this. One thread at a time.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <ucontext.h>

#define __device__
#define __global__
#define __forceinline__ inline
#define __ffs(x) __builtin_ffs(x)

struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
static float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static int2 make_int2(int x, int y) { return {x, y}; }
struct Index { unsigned x; };
static Index threadIdx, blockIdx, blockDim;

template <class To, class From> static To bits_of(From from) {
    static_assert(sizeof(To) == sizeof(From), "");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
static double __longlong_as_double(long long v) { return bits_of<double>(v); }
static long long __double_as_longlong(double v) { return bits_of<long long>(v); }
static int __float_as_int(float v) { return bits_of<int>(v); }
static float __int_as_float(int v) { return bits_of<float>(v); }
static double __dadd_rn(double a, double b) { return a + b; }
static float __fdividef(float a, float b) { return a / b; }
static double __dmul_rn(double a, double b) { return a * b; }
static long long __double2ll_rn(double v) { return std::isnan(v) ? (long long)(1ULL << 63) : llrint(v); }
template <class T> static T atomicAdd(T *to, T value) { T old = *to; *to = old + value; return old; }
static int atomicMax(int *to, int value) { int old = *to; *to = old > value ? old : value; return old; }

enum { THREADS = 128, STACK = 64 * 1024 };
static ucontext_t fibers[THREADS], scheduler;
static char *stacks;
static bool over[THREADS];
static unsigned char slots[2][THREADS][8];
static int rounds[THREADS];
static unsigned current;

// Every lane of a warp leaves `value` and sees all 32. A lane that has ended no longer takes part.
template <class T> static void exchange(T value, T all[32], bool there[32]) {
    unsigned me = current, first = me & ~31u;
    int round = rounds[me], side = round & 1;
    memcpy(slots[side][me], &value, sizeof value);
    rounds[me] = round + 1;
    for (bool waiting = true; waiting;) {
        waiting = false;
        for (unsigned i = first; i < first + 32; ++i) waiting |= !over[i] && rounds[i] <= round;
        if (waiting) swapcontext(&fibers[me], &scheduler);
    }
    for (unsigned i = 0; i < 32; ++i) {
        there[i] = rounds[first + i] > round;
        memcpy(&all[i], slots[side][first + i], sizeof value);
    }
}
template <class T> static T __shfl_sync(unsigned, T value, int lane) {
    T all[32];
    bool there[32];
    exchange(value, all, there);
    if (!there[lane]) { fprintf(stderr, "a lane that has ended was asked\n"); abort(); }
    return all[lane];
}
template <class T> static T __shfl_xor_sync(unsigned mask, T value, int bit) {
    return __shfl_sync(mask, value, (int)(current & 31) ^ bit);
}
static unsigned __ballot_sync(unsigned, int predicate) {
    int all[32];
    bool there[32];
    exchange(predicate, all, there);
    unsigned votes = 0;
    for (int i = 0; i < 32; ++i) votes |= (unsigned)(there[i] && all[i]) << i;
    return votes;
}
static int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

static void (*body)(void *);
static void *body_arguments;
static void start() {
    body(body_arguments);
    over[current] = true;
    swapcontext(&fibers[current], &scheduler);
}
static void play(unsigned blocks, void (*what)(void *), void *arguments) {
    if (!stacks) stacks = (char *)malloc((size_t)THREADS * STACK);
    body = what;
    body_arguments = arguments;
    blockDim.x = THREADS;
    for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
        for (unsigned i = 0; i < THREADS; ++i) {
            getcontext(&fibers[i]);
            fibers[i].uc_stack.ss_sp = stacks + (size_t)i * STACK;
            fibers[i].uc_stack.ss_size = STACK;
            fibers[i].uc_link = &scheduler;
            makecontext(&fibers[i], start, 0);
            over[i] = false;
            rounds[i] = 0;
        }
        for (bool running = true; running;) {
            running = false;
            for (unsigned i = 0; i < THREADS; ++i) {
                if (over[i]) continue;
                running = true;
                current = threadIdx.x = i;
                swapcontext(&scheduler, &fibers[i]);
            }
        }
    }
}

// Calls a kernel with its arguments behind an array of pointers, as cuLaunchKernel does.
template <class... A, size_t... I>
static void call(void (*kernel)(A...), unsigned blocks, void **from, std::index_sequence<I...>) {
    struct Both { void (*kernel)(A...); void **from; } both = {kernel, from};
    play(blocks, [](void *p) {
        Both *b = (Both *)p;
        b->kernel(*(A *)b->from[I]...);
    }, &both);
}
template <class... A> static void launch(void (*kernel)(A...), unsigned blocks, void **from) {
    call(kernel, blocks, from, std::index_sequence_for<A...>{});
}
