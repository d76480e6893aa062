/* Loaded before the C library (LD_PRELOAD), makes the disk under one folder fail and the clock jump, as the test says.
 *
 * PLO_FAULTS names a file of five 64-bit integers that both map:
 *   [0] bytes that can still be written under the folder; -1: as many as one likes. A write of more writes as much, as a disk does that fills up
 *   [1] not 0: fsync and fdatasync fail with EIO
 *   [2] nanoseconds that the wall clock is ahead
 *   [3] how many writes were refused, [4] how many syncs: for the test to look at
 * PLO_FAULT_DIR is the folder.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { room, sync_fails, clock_ahead, refused_writes, refused_syncs, fields };

static int64_t nothing[fields] = {-1, 0, 0, 0, 0};
static volatile int64_t* faults = nothing;
static const char* folder;

__attribute__((constructor)) static void begin(void) {
  const char* file = getenv("PLO_FAULTS");
  folder = getenv("PLO_FAULT_DIR");
  if (!file || !folder) return;
  const int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* shared = mmap(NULL, sizeof nothing, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (shared != MAP_FAILED) faults = shared;
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

static int is_ours(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  const size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* How much of a write there is room for; -1 with errno: for none of it. */
static ssize_t allowed(int fd, size_t wanted) {
  if (faults[room] < 0 || wanted == 0 || !is_ours(fd)) return (ssize_t)wanted;
  const int64_t left = __sync_fetch_and_sub(&faults[room], (int64_t)wanted);
  if (left >= (int64_t)wanted) return (ssize_t)wanted;
  faults[room] = 0;
  if (left > 0) return (ssize_t)left;
  __sync_fetch_and_add(&faults[refused_writes], 1);
  errno = ENOSPC;
  return -1;
}

ssize_t write(int fd, const void* data, size_t size) {
  static ssize_t (*real)(int, const void*, size_t);
  if (!real) real = REAL(write);
  const ssize_t part = allowed(fd, size);
  return part < 0 ? -1 : real(fd, data, (size_t)part);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static ssize_t (*real)(int, const void*, size_t, off64_t);
  if (!real) real = REAL(pwrite64);
  const ssize_t part = allowed(fd, size);
  return part < 0 ? -1 : real(fd, data, (size_t)part, at);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

ssize_t writev(int fd, const struct iovec* parts, int count) {
  static ssize_t (*real)(int, const struct iovec*, int);
  if (!real) real = REAL(writev);
  if (faults[room] < 0 || !is_ours(fd)) return real(fd, parts, count);
  return count > 0 ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0;
}

/* Growing a file without writing to it. */
static int may_grow(int fd) {
  if (faults[room] != 0 || !is_ours(fd)) return 1;
  errno = ENOSPC;
  return 0;
}

int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  static int (*real)(int, int, off64_t, off64_t);
  if (!real) real = REAL(fallocate64);
  return may_grow(fd) ? real(fd, mode, at, size) : -1;
}
int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }

int posix_fallocate64(int fd, off64_t at, off64_t size) {
  static int (*real)(int, off64_t, off64_t);
  if (!real) real = REAL(posix_fallocate64);
  return may_grow(fd) ? real(fd, at, size) : ENOSPC;
}
int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

static int sync_or_fail(int fd, int (*real)(int)) {
  if (faults[sync_fails] && is_ours(fd)) {
    __sync_fetch_and_add(&faults[refused_syncs], 1);
    errno = EIO;
    return -1;
  }
  return real(fd);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = REAL(fsync);
  return sync_or_fail(fd, real);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = REAL(fdatasync);
  return sync_or_fail(fd, real);
}

int clock_gettime(clockid_t which, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = REAL(clock_gettime);
  const int failed = real(which, now);
  if (failed || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE)) return failed;
  const int64_t shifted = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + faults[clock_ahead];
  now->tv_sec = shifted / 1000000000;
  now->tv_nsec = shifted % 1000000000;
  return 0;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* kept) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (kept) *kept = now.tv_sec;
  return now.tv_sec;
}
