// walk.cu as a shared library; built by tests/render/cuda_player.py.
#include "warp_player.h"
#include "walk.cu"

extern "C" int run_kernel(const char *name, unsigned blocks, void **arguments) {
#define TRY(kernel) if (!strcmp(name, #kernel)) return launch(kernel, blocks, arguments), 0
    TRY(mix);
    TRY(composite);
    TRY(differentiate);
#ifdef DETERMINISTIC
    TRY(largest);
    TRY(settle);
#endif
    return 1;
}
