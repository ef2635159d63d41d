// LD_PRELOAD shim: makes a process's reads of some files fail, and io_uring unavailable, so that
// every read of a file's data is a pread.
//
//   MORPHOGEN_TEST_PREAD_NAME=END       only of files whose path ends so (default: every file)
//   MORPHOGEN_TEST_PREAD_FAIL_AFTER=N   after N of them every further one fails with EIO
//   MORPHOGEN_TEST_PREAD_COUNT=FILE     at exit, writes their number to FILE
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef ssize_t (*pread_function)(int, void*, size_t, off_t);

static pread_function real_pread;
static atomic_long calls;
static long fail_after = -1;

__attribute__((constructor)) static void set_up(void) {
    real_pread = (pread_function)dlsym(RTLD_NEXT, "pread64");
    const char* text = getenv("MORPHOGEN_TEST_PREAD_FAIL_AFTER");
    if (text != NULL) fail_after = strtol(text, NULL, 10);
}

__attribute__((destructor)) static void tear_down(void) {
    const char* path = getenv("MORPHOGEN_TEST_PREAD_COUNT");
    FILE* file = path == NULL || atomic_load(&calls) == 0 ? NULL : fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

static int is_meant(int fd) {
    const char* end = getenv("MORPHOGEN_TEST_PREAD_NAME");
    if (end == NULL) return 1;
    char link[64];
    char path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof path);
    const size_t wanted = strlen(end);
    return length >= (ssize_t)wanted && memcmp(path + length - wanted, end, wanted) == 0;
}

static ssize_t shim(int fd, void* data, size_t size, off_t offset) {
    if (!is_meant(fd)) return real_pread(fd, data, size, offset);
    const long before = atomic_fetch_add(&calls, 1);
    if (fail_after >= 0 && before >= fail_after) {
        errno = EIO;
        return -1;
    }
    return real_pread(fd, data, size, offset);
}

ssize_t pread(int fd, void* data, size_t size, off_t offset) {
    return shim(fd, data, size, offset);
}

ssize_t pread64(int fd, void* data, size_t size, off_t offset) {
    return shim(fd, data, size, offset);
}

int io_uring_queue_init(unsigned entries, void* ring, unsigned flags) {
    (void)entries, (void)ring, (void)flags;
    return -ENOSYS;
}
