// LD_PRELOAD shim: makes allocations of some libraries fail, between the begin and the end of main.
// C++'s `new` comes from libstdc++.
//
//   MORPHOGEN_TEST_MEMORY_OF=NAME,...    whose: parts of the names of the libraries that call
//   malloc
//                                        (default: libstdc++)
//   MORPHOGEN_TEST_MEMORY_LEAST=BYTES    only allocations of this size or more
//   MORPHOGEN_TEST_MEMORY_FAIL_AT=N      the N-th of them fails, from 0
//   MORPHOGEN_TEST_MEMORY_FAIL_AFTER=N   and so does every further one
//   MORPHOGEN_TEST_MEMORY_COUNT=FILE     at exit, writes their number to FILE
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// glibc's own, which needs no look-up before the first allocation.
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_long calls;
static long fail_at = -1;
static long fail_after = -1;
static size_t least;
static char of[256] = "libstdc++";
static atomic_int ready;

static long number(const char* name, long otherwise) {
    const char* text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

typedef int (*main_function)(int, char**, char**);
typedef int (*start_function)(main_function, int, char**, void (*)(void), void (*)(void),
                              void (*)(void), void*);
static main_function real_main;

static int counted_main(int argc, char** argv, char** environment) {
    fail_at = number("MORPHOGEN_TEST_MEMORY_FAIL_AT", -1);
    fail_after = number("MORPHOGEN_TEST_MEMORY_FAIL_AFTER", -1);
    least = (size_t)number("MORPHOGEN_TEST_MEMORY_LEAST", 0);
    const char* names = getenv("MORPHOGEN_TEST_MEMORY_OF");
    if (names != NULL) snprintf(of, sizeof of, "%s", names);
    atomic_store(&ready, 1);
    const int code = real_main(argc, argv, environment);
    atomic_store(&ready, 0);
    const char* path = getenv("MORPHOGEN_TEST_MEMORY_COUNT");
    FILE* file = path == NULL ? NULL : fopen(path, "w");
    if (file == NULL) return code;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
    return code;
}

int __libc_start_main(main_function main, int argc, char** argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void* stack_end) {
    const start_function start = (start_function)dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return start(counted_main, argc, argv, init, fini, loader_fini, stack_end);
}

static int is_meant(const void* caller) {
    Dl_info info;
    if (dladdr(caller, &info) == 0 || info.dli_fname == NULL) return 0;
    const char* library = strrchr(info.dli_fname, '/');
    library = library == NULL ? info.dli_fname : library + 1;
    for (const char* name = of; *name != '\0';) {
        const size_t length = strcspn(name, ",");
        if (length > 0 && memmem(library, strlen(library), name, length) != NULL) return 1;
        name += length + (name[length] == ',');
    }
    return 0;
}

static int fails(size_t size, const void* caller) {
    if (!atomic_load(&ready) || size < least || !is_meant(caller)) return 0;
    const long before = atomic_fetch_add(&calls, 1);
    if (before != fail_at && (fail_after < 0 || before < fail_after)) return 0;
    errno = ENOMEM;
    return 1;
}

void* malloc(size_t size) {
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
    return fails(count * size, __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) {
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
    if (fails(size, __builtin_return_address(0))) return ENOMEM;
    *result = __libc_memalign(alignment, size);
    return *result == NULL ? ENOMEM : 0;
}
