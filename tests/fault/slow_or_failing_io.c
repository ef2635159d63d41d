// LD_PRELOAD shim: makes a process's pwrite (what HDF5 writes with) slow, failing or deadly.
//
//   MORPHOGEN_TEST_PWRITE_DELAY_US=N    every pwrite first sleeps N microseconds
//   MORPHOGEN_TEST_PWRITE_FAIL_AFTER=N  after N pwrites every further one fails ...
//   MORPHOGEN_TEST_PWRITE_ERRNO=CODE    ... with this errno (default ENOSPC)
//   MORPHOGEN_TEST_PWRITE_KILL_AFTER=N  SIGKILL before pwrite number N + 1
//   MORPHOGEN_TEST_PWRITE_COUNT=FILE    at exit, writes the number of pwrites to FILE
//   MORPHOGEN_TEST_PWRITE_RANK=R        only in this rank of an Open MPI job
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef ssize_t (*pwrite_function)(int, const void*, size_t, off_t);

static pwrite_function real_pwrite;
static atomic_long calls;
static long delay_us;
static long fail_after = -1;
static long kill_after = -1;
static int fail_errno = ENOSPC;

static long from_environment(const char* name, long otherwise) {
    const char* text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

__attribute__((constructor)) static void set_up(void) {
    real_pwrite = (pwrite_function)dlsym(RTLD_NEXT, "pwrite64");
    const char* rank = getenv("OMPI_COMM_WORLD_RANK");
    const char* only = getenv("MORPHOGEN_TEST_PWRITE_RANK");
    if (only != NULL && (rank == NULL || strcmp(rank, only) != 0)) return;
    delay_us = from_environment("MORPHOGEN_TEST_PWRITE_DELAY_US", 0);
    fail_after = from_environment("MORPHOGEN_TEST_PWRITE_FAIL_AFTER", -1);
    kill_after = from_environment("MORPHOGEN_TEST_PWRITE_KILL_AFTER", -1);
    fail_errno = (int)from_environment("MORPHOGEN_TEST_PWRITE_ERRNO", ENOSPC);
}

__attribute__((destructor)) static void tear_down(void) {
    const char* path = getenv("MORPHOGEN_TEST_PWRITE_COUNT");
    // Children of the process (an MPI library may have some) write nothing and must not overwrite
    // its count.
    FILE* file = path == NULL || atomic_load(&calls) == 0 ? NULL : fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

static ssize_t shim(int fd, const void* data, size_t size, off_t offset) {
    const long before = atomic_fetch_add(&calls, 1);
    if (delay_us > 0) usleep((useconds_t)delay_us);
    if (kill_after >= 0 && before >= kill_after) kill(getpid(), SIGKILL);
    if (fail_after >= 0 && before >= fail_after) {
        errno = fail_errno;
        return -1;
    }
    return real_pwrite(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
    return shim(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset) {
    return shim(fd, data, size, offset);
}
