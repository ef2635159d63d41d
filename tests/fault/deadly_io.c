// LD_PRELOAD shim: SIGKILL before a chosen call that changes files.
//
//   MORPHOGEN_TEST_KILL_BEFORE=N    before call number N (from 0) of pwrite, write (not to stdout
//   or
//                                   stderr), rename, link, unlink, remove, truncate, ftruncate,
//                                   fsync
//   MORPHOGEN_TEST_KILL_COUNT=FILE  at exit, writes the number of such calls to FILE
//   MORPHOGEN_TEST_NO_LINKS=1       link fails, as on file systems without hard links
//   MORPHOGEN_TEST_KILL_RANK=R      only in this rank of an Open MPI job
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long calls;
static long kill_before = -1;
static int other_rank;

__attribute__((constructor)) static void set_up(void) {
    const char* rank = getenv("OMPI_COMM_WORLD_RANK");
    const char* only = getenv("MORPHOGEN_TEST_KILL_RANK");
    other_rank = only != NULL && (rank == NULL || strcmp(rank, only) != 0);
    const char* text = getenv("MORPHOGEN_TEST_KILL_BEFORE");
    if (text != NULL && !other_rank) kill_before = strtol(text, NULL, 10);
}

__attribute__((destructor)) static void tear_down(void) {
    const char* path = getenv("MORPHOGEN_TEST_KILL_COUNT");
    FILE* file = path == NULL || other_rank || atomic_load(&calls) == 0 ? NULL : fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

static void count(void) {
    const long before = atomic_fetch_add(&calls, 1);
    if (kill_before >= 0 && before >= kill_before) kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
    count();
    return REAL(pwrite)(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
    count();
    return REAL(pwrite64)(fd, data, size, offset);
}
ssize_t write(int fd, const void* data, size_t size) {
    if (fd > 2) count();
    return REAL(write)(fd, data, size);
}
int rename(const char* from, const char* to) {
    count();
    return REAL(rename)(from, to);
}
int link(const char* from, const char* to) {
    count();
    if (getenv("MORPHOGEN_TEST_NO_LINKS") != NULL) {
        errno = EPERM;
        return -1;
    }
    return REAL(link)(from, to);
}
int unlink(const char* path) {
    count();
    return REAL(unlink)(path);
}
int remove(const char* path) {
    count();
    return REAL(remove)(path);
}
int truncate(const char* path, off_t size) {
    count();
    return REAL(truncate)(path, size);
}
int truncate64(const char* path, off64_t size) {
    count();
    return REAL(truncate64)(path, size);
}
int ftruncate(int fd, off_t size) {
    count();
    return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    count();
    return REAL(ftruncate64)(fd, size);
}
int fsync(int fd) {
    count();
    return REAL(fsync)(fd);
}
