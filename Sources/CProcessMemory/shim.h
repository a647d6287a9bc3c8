#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

extern const char __executable_start, etext;

/* Unmaps the pages of this program's code, which come back from the page cache as they are run. 0, or -1 and errno. */
static inline int release_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)&__executable_start & ~(page - 1), end = (uintptr_t)&etext & ~(page - 1);
    return madvise((void *)start, end - start, MADV_DONTNEED);
}
