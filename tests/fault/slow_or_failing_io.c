// LD_PRELOAD shim: makes the calls by which a process changes and reads files slow, failing, cut
// short or deadly.
//
// pwrite alone, which is what HDF5 writes with:
//   MORPHOGEN_TEST_PWRITE_DELAY_US=N    every pwrite first sleeps N microseconds
//   MORPHOGEN_TEST_PWRITE_FAIL_AFTER=N  after N pwrites every further one fails ...
//   MORPHOGEN_TEST_PWRITE_ERRNO=CODE    ... with this errno (default ENOSPC)
//   MORPHOGEN_TEST_PWRITE_KILL_AFTER=N  SIGKILL before pwrite number N + 1
//   MORPHOGEN_TEST_PWRITE_COUNT=FILE    at exit, writes the number of pwrites to FILE
//   MORPHOGEN_TEST_PWRITE_RANK=R        only in this rank of an Open MPI job
//
// pread, which is what HDF5 reads with:
//   MORPHOGEN_TEST_PREAD_FAIL_AFTER=N   after N preads every further one fails with EIO
//   MORPHOGEN_TEST_PREAD_COUNT=FILE     at exit, writes the number of preads to FILE
//
// Every call that changes what is below a directory: pwrite, write, writev, open that creates or
// truncates, rename, link, symlink, unlink, rmdir, mkdir, truncate, ftruncate, fallocate, fsync,
// fdatasync; counted only where the path contains UNDER, so that an MPI library's own files do not
// shift the count:
//   MORPHOGEN_TEST_IO_UNDER=TEXT       switches this on; part of the directory's path
//   MORPHOGEN_TEST_IO_KILL_BEFORE=N    SIGKILL before call number N, from 0
//   MORPHOGEN_TEST_IO_FAIL_AT=N        call number N fails ...
//   MORPHOGEN_TEST_IO_FAIL_COUNT=N     ... and the next ones, N in all (default 1; -1: for good)
//   MORPHOGEN_TEST_IO_ERRNO=CODE       ... with this errno (default EIO)
//   MORPHOGEN_TEST_IO_DELAY_US=N       each call first sleeps N microseconds
//   MORPHOGEN_TEST_IO_SHORT=1          every other write, and every other pread below UNDER,
//                                      fails with EINTR or moves a part only; no io_uring
//   MORPHOGEN_TEST_IO_NO_LINKS=1       link fails, as on file systems without hard links
//   MORPHOGEN_TEST_IO_LOG=FILE         appends a line "NUMBER CALL PATH" for each call
//   MORPHOGEN_TEST_IO_RANK=R           only in this rank of an Open MPI job
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long pwrites;
static long delay_us;
static long fail_after = -1;
static atomic_long preads;
static long read_fail_after = -1;
static long kill_after = -1;
static int fail_errno = ENOSPC;

static atomic_long changes;
static const char* under;
static long kill_before = -1;
static long fail_at = -1;
static long fail_count = 1;
static int change_errno = EIO;
static long change_delay_us;
static bool interrupted;
static atomic_long reads_below; // the directory
static bool no_links;
static int log_fd = -1;

static long from_environment(const char* name, long otherwise) {
    const char* text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

static bool concerns_this_rank(const char* variable) {
    const char* rank = getenv("OMPI_COMM_WORLD_RANK");
    const char* only = getenv(variable);
    return only == NULL || (rank != NULL && strcmp(rank, only) == 0);
}

__attribute__((constructor)) static void set_up(void) {
    if (concerns_this_rank("MORPHOGEN_TEST_PWRITE_RANK")) {
        delay_us = from_environment("MORPHOGEN_TEST_PWRITE_DELAY_US", 0);
        fail_after = from_environment("MORPHOGEN_TEST_PWRITE_FAIL_AFTER", -1);
        kill_after = from_environment("MORPHOGEN_TEST_PWRITE_KILL_AFTER", -1);
        fail_errno = (int)from_environment("MORPHOGEN_TEST_PWRITE_ERRNO", ENOSPC);
        read_fail_after = from_environment("MORPHOGEN_TEST_PREAD_FAIL_AFTER", -1);
    }
    if (!concerns_this_rank("MORPHOGEN_TEST_IO_RANK")) return;
    kill_before = from_environment("MORPHOGEN_TEST_IO_KILL_BEFORE", -1);
    fail_at = from_environment("MORPHOGEN_TEST_IO_FAIL_AT", -1);
    fail_count = from_environment("MORPHOGEN_TEST_IO_FAIL_COUNT", 1);
    change_delay_us = from_environment("MORPHOGEN_TEST_IO_DELAY_US", 0);
    change_errno = (int)from_environment("MORPHOGEN_TEST_IO_ERRNO", EIO);
    interrupted = from_environment("MORPHOGEN_TEST_IO_SHORT", 0) != 0;
    no_links = from_environment("MORPHOGEN_TEST_IO_NO_LINKS", 0) != 0;
    const char* log = getenv("MORPHOGEN_TEST_IO_LOG");
    if (log != NULL)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0666);
    under = getenv("MORPHOGEN_TEST_IO_UNDER");
}

static void write_count(const char* path, long count) {
    // Children of the process (an MPI library may have some) write nothing and must not overwrite
    // its count.
    FILE* file = path == NULL || count == 0 ? NULL : fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", count);
    fclose(file);
}

__attribute__((destructor)) static void tear_down(void) {
    write_count(getenv("MORPHOGEN_TEST_PWRITE_COUNT"), atomic_load(&pwrites));
    write_count(getenv("MORPHOGEN_TEST_PREAD_COUNT"), atomic_load(&preads));
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) // this thread must not go on until the signal has arrived
        pause();
}

// What the call shall do instead of its work.
enum Outcome { go_on, fail, cut_short };

// Counts a call that changes `path`.
static enum Outcome change_of(const char* call, const char* path) {
    if (under == NULL || path == NULL || strstr(path, under) == NULL) return go_on;
    const long number = atomic_fetch_add(&changes, 1);
    if (log_fd >= 0) {
        char line[4400];
        const int n = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
        if (n > 0) syscall(SYS_write, log_fd, line, (size_t)n);
    }
    if (change_delay_us > 0) usleep((useconds_t)change_delay_us);
    if (number == kill_before) die();
    if (fail_at >= 0 && number >= fail_at && (fail_count < 0 || number < fail_at + fail_count)) {
        errno = change_errno;
        return fail;
    }
    if (interrupted && number % 2 == 1) {
        errno = EINTR;
        return number % 4 == 1 ? fail : cut_short;
    }
    return go_on;
}

static bool find_path(int fd, char path[4096]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, 4095);
    if (n < 0) return false;
    path[n] = '\0';
    return true;
}

static enum Outcome change_of_fd(const char* call, int fd) {
    char path[4096];
    return under != NULL && find_path(fd, path) ? change_of(call, path) : go_on;
}

// A relative path means nothing without the directory that it starts from.
static enum Outcome change_of_path(const char* call, const char* path) {
    if (under == NULL || path == NULL) return go_on;
    char full[8300];
    if (path[0] == '/' || getcwd(full, 4096) == NULL) return change_of(call, path);
    const size_t n = strlen(full);
    snprintf(full + n, sizeof full - n, "/%s", path);
    return change_of(call, full);
}

// EINTR is for writes: what has no reason to be interrupted is not.
static bool fails(enum Outcome outcome) {
    return outcome == fail && errno != EINTR;
}

static ssize_t shim(const char* call, int fd, const void* data, size_t size, off_t offset) {
    const long before = atomic_fetch_add(&pwrites, 1);
    if (delay_us > 0) usleep((useconds_t)delay_us);
    if (kill_after >= 0 && before >= kill_after) die();
    if (fail_after >= 0 && before >= fail_after) {
        errno = fail_errno;
        return -1;
    }
    const enum Outcome outcome = change_of_fd(call, fd);
    if (outcome == fail) return -1;
    if (outcome == cut_short && size > 1) size /= 2;
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
    return shim("pwrite", fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset) {
    return shim("pwrite", fd, data, size, offset);
}

static ssize_t read_shim(int fd, void* data, size_t size, off_t offset) {
    const long before = atomic_fetch_add(&preads, 1);
    if (read_fail_after >= 0 && before >= read_fail_after) {
        errno = EIO;
        return -1;
    }
    char path[4096];
    if (interrupted && under != NULL && find_path(fd, path) && strstr(path, under) != NULL) {
        const long number = atomic_fetch_add(&reads_below, 1);
        if (number % 4 == 1) {
            errno = EINTR;
            return -1;
        }
        if (number % 4 == 3 && size > 1) size /= 2;
    }
    return syscall(SYS_pread64, fd, data, size, offset);
}

ssize_t pread(int fd, void* data, size_t size, off_t offset) {
    return read_shim(fd, data, size, offset);
}

ssize_t pread64(int fd, void* data, size_t size, off_t offset) {
    return read_shim(fd, data, size, offset);
}

ssize_t write(int fd, const void* data, size_t size) {
    const enum Outcome outcome = change_of_fd("write", fd);
    if (outcome == fail) return -1;
    if (outcome == cut_short && size > 1) size /= 2;
    return syscall(SYS_write, fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
    return change_of_fd("writev", fd) == fail ? -1 : syscall(SYS_writev, fd, parts, count);
}

static int open_at(int directory, const char* path, int flags, mode_t mode) {
    if ((flags & (O_CREAT | O_TRUNC)) != 0 && fails(change_of_path("open", path))) return -1;
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define MODE_OF(flags, mode)                                                                       \
    do {                                                                                           \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)                            \
            mode = va_arg(list, mode_t);                                                           \
        va_end(list);                                                                              \
    } while (0)

int open(const char* path, int flags, ...) {
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return open_at(directory, path, flags, mode);
}

int openat64(int directory, const char* path, int flags, ...) {
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return open_at(directory, path, flags, mode);
}

int rename(const char* from, const char* to) {
    if (fails(change_of_path("rename", to))) return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int link(const char* from, const char* to) {
    if (fails(change_of_path("link", to))) return -1;
    if (no_links) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlink(const char* target, const char* path) {
    if (fails(change_of_path("symlink", path))) return -1;
    return (int)syscall(SYS_symlinkat, target, AT_FDCWD, path);
}

int unlink(const char* path) {
    if (fails(change_of_path("unlink", path))) return -1;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int directory, const char* path, int flags) {
    // std::filesystem::remove_all walks by descriptors.
    if (fails(directory == AT_FDCWD ? change_of_path("unlinkat", path)
                                    : change_of_fd("unlinkat", directory)))
        return -1;
    return (int)syscall(SYS_unlinkat, directory, path, flags);
}

int rmdir(const char* path) {
    if (fails(change_of_path("rmdir", path))) return -1;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char* path) {
    if (fails(change_of_path("remove", path))) return -1;
    if (syscall(SYS_unlinkat, AT_FDCWD, path, 0) == 0) return 0;
    return errno == EISDIR ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR) : -1;
}

int mkdir(const char* path, mode_t mode) {
    if (fails(change_of_path("mkdir", path))) return -1;
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int truncate(const char* path, off_t size) {
    if (fails(change_of_path("truncate", path))) return -1;
    return (int)syscall(SYS_truncate, path, size);
}

int truncate64(const char* path, off64_t size) {
    if (fails(change_of_path("truncate", path))) return -1;
    return (int)syscall(SYS_truncate, path, size);
}

int ftruncate(int fd, off_t size) {
    if (fails(change_of_fd("ftruncate", fd))) return -1;
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off_t size) {
    if (fails(change_of_fd("ftruncate", fd))) return -1;
    return (int)syscall(SYS_ftruncate, fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
    if (fails(change_of_fd("fallocate", fd))) return -1;
    return (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

int fsync(int fd) {
    return fails(change_of_fd("fsync", fd)) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return fails(change_of_fd("fdatasync", fd)) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int io_uring_queue_init(unsigned entries, void* ring, unsigned flags) {
    if (interrupted) return -ENOSYS;
    int (*real)(unsigned, void*, unsigned) = dlsym(RTLD_NEXT, "io_uring_queue_init");
    return real == NULL ? -ENOSYS : real(entries, ring, flags);
}
