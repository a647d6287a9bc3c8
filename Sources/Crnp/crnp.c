#include "crnp.h"

#include <dlfcn.h>

const struct rnp_functions *rnp_load(const char **fault) {
    static struct rnp_functions functions;
    void *library = dlopen("librnp.so.0", RTLD_NOW | RTLD_LOCAL);
// A pointer to data is made one to a function as POSIX has it (dlsym, rationale).
#define RNP_FUNCTION(name) \
    if (!library || !(*(void **)&functions.name = dlsym(library, "rnp_" #name))) { \
        *fault = dlerror(); \
        return NULL; \
    }
    RNP_FUNCTIONS(RNP_FUNCTION)
#undef RNP_FUNCTION
    return &functions;
}
