// Tells the thread sanitizer of Swift's Mutex. Where two threads meet at one it waits and wakes in a library that is not
// instrumented, so all that one of them sees of the other's work looked like a race.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define WAIT "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define WAKE "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void wait_for_mutex(uint32_t thread, SELF mutex) __asm__(WAIT);
SWIFT void wake_from_mutex(SELF mutex) __asm__(WAKE);

SWIFT void wait_for_mutex(uint32_t thread, SELF mutex) {
    ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, WAIT))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void wake_from_mutex(SELF mutex) {
    if (__tsan_release) __tsan_release(mutex);
    ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, WAKE))(mutex);
}
