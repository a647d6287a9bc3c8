#include <rnp/rnp.h>
#include <rnp/rnp_err.h>

// glibc declares it for _GNU_SOURCE only, which a module cannot define.
#include <stdio.h>
#include <bits/types/cookie_io_functions_t.h>
extern FILE *fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);

// Swift refuses to touch a global variable of C.
static inline void replace_stderr(FILE *stream) { stderr = stream; }
