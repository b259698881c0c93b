/* Lets a chosen system call fail: LD_PRELOAD of tests/campaign/failing_calls.py.
   AGEWISE_FAIL_UNDER  folder: only calls on files in it count
   AGEWISE_FAIL_CALL   family of calls, as in the table below: "write"
   AGEWISE_FAIL_AT     which of these fails, from 1; 0: none
   AGEWISE_FAIL_LASTING  if set, all after it fail, too
   AGEWISE_FAIL_ERRNO  with what
   AGEWISE_FAIL_COUNTS file that gets, when the program ends, a line "FAMILY COUNT" a family */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum family { kOpen, kRead, kWrite, kSync, kRename, kReserve, kMap, kUnlink, kMakeFolder, kFamilies };
static const char* const kNames[kFamilies] = {"open",    "read", "write",  "sync", "rename",
                                              "reserve", "map",  "unlink", "mkdir"};
static atomic_long counts[kFamilies];

static int is_under(const char* path) {
  const char* folder = getenv("AGEWISE_FAIL_UNDER");
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_open_under(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return is_under(path);
}

/* Counts a call, and says with what it is to fail: an errno, or 0. */
static int failure_of(enum family family, int counts_here) {
  if (!counts_here) return 0;
  long number = atomic_fetch_add(&counts[family], 1) + 1;
  const char *call = getenv("AGEWISE_FAIL_CALL"), *at = getenv("AGEWISE_FAIL_AT"), *with = getenv("AGEWISE_FAIL_ERRNO");
  if (call == NULL || at == NULL || with == NULL || strcmp(call, kNames[family]) != 0) return 0;
  long first = atol(at);
  int fails = first > 0 && (number == first || (number > first && getenv("AGEWISE_FAIL_LASTING") != NULL));
  return fails ? atoi(with) : 0;
}

__attribute__((destructor)) static void tell_counts(void) {
  const char* file = getenv("AGEWISE_FAIL_COUNTS");
  FILE* out = file != NULL ? fopen(file, "w") : NULL;
  if (out == NULL) return;
  for (int family = 0; family < kFamilies; ++family)
    fprintf(out, "%s %ld\n", kNames[family], atomic_load(&counts[family]));
  fclose(out);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(family, counts_here, result)       \
  do {                                             \
    int problem = failure_of(family, counts_here); \
    if (problem != 0) {                            \
      errno = problem;                             \
      return result;                               \
    }                                              \
  } while (0)

static mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                             \
  int name(const char* path, int flags, ...) { \
    va_list rest;                              \
    va_start(rest, flags);                     \
    mode_t mode = mode_of(flags, rest);        \
    va_end(rest);                              \
    FAIL_IF(kOpen, is_under(path), -1);        \
    return REAL(name)(path, flags, mode);      \
  }
OPEN(open)
OPEN(open64)

/* What a program that is built with _FORTIFY_SOURCE calls instead. */
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
ssize_t __read_chk(int fd, void* to, size_t size, size_t room);
ssize_t __pread64_chk(int fd, void* to, size_t size, off64_t at, size_t room);

int __open_2(const char* path, int flags) {
  FAIL_IF(kOpen, is_under(path), -1);
  return REAL(__open_2)(path, flags);
}
int __open64_2(const char* path, int flags) {
  FAIL_IF(kOpen, is_under(path), -1);
  return REAL(__open64_2)(path, flags);
}
FILE* fopen(const char* path, const char* mode) {
  FAIL_IF(kOpen, is_under(path), NULL);
  return REAL(fopen)(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  FAIL_IF(kOpen, is_under(path), NULL);
  return REAL(fopen64)(path, mode);
}
ssize_t read(int fd, void* to, size_t size) {
  FAIL_IF(kRead, is_open_under(fd), -1);
  return REAL(read)(fd, to, size);
}
ssize_t __read_chk(int fd, void* to, size_t size, size_t room) {
  FAIL_IF(kRead, is_open_under(fd), -1);
  return REAL(__read_chk)(fd, to, size, room);
}
ssize_t pread(int fd, void* to, size_t size, off_t at) {
  FAIL_IF(kRead, is_open_under(fd), -1);
  return REAL(pread)(fd, to, size, at);
}
ssize_t pread64(int fd, void* to, size_t size, off64_t at) {
  FAIL_IF(kRead, is_open_under(fd), -1);
  return REAL(pread64)(fd, to, size, at);
}
ssize_t __pread64_chk(int fd, void* to, size_t size, off64_t at, size_t room) {
  FAIL_IF(kRead, is_open_under(fd), -1);
  return REAL(__pread64_chk)(fd, to, size, at, room);
}
ssize_t write(int fd, const void* from, size_t size) {
  FAIL_IF(kWrite, is_open_under(fd), -1);
  return REAL(write)(fd, from, size);
}
ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
  FAIL_IF(kWrite, is_open_under(fd), -1);
  return REAL(pwrite)(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
  FAIL_IF(kWrite, is_open_under(fd), -1);
  return REAL(pwrite64)(fd, from, size, at);
}
int fsync(int fd) {
  FAIL_IF(kSync, is_open_under(fd), -1);
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  FAIL_IF(kSync, is_open_under(fd), -1);
  return REAL(fdatasync)(fd);
}
int msync(void* address, size_t size, int flags) {
  FAIL_IF(kSync, 1, -1);
  return REAL(msync)(address, size, flags);
}
int rename(const char* from, const char* to) {
  FAIL_IF(kRename, is_under(to), -1);
  return REAL(rename)(from, to);
}
int ftruncate(int fd, off_t size) {
  FAIL_IF(kReserve, is_open_under(fd), -1);
  return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  FAIL_IF(kReserve, is_open_under(fd), -1);
  return REAL(ftruncate64)(fd, size);
}
int posix_fallocate(int fd, off_t at, off_t size) { /* returns what others put into errno */
  int problem = failure_of(kReserve, is_open_under(fd));
  return problem != 0 ? problem : REAL(posix_fallocate)(fd, at, size);
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
  int problem = failure_of(kReserve, is_open_under(fd));
  return problem != 0 ? problem : REAL(posix_fallocate64)(fd, at, size);
}
void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t at) {
  FAIL_IF(kMap, fd >= 0 && is_open_under(fd), MAP_FAILED);
  return REAL(mmap)(address, size, protection, flags, fd, at);
}
void* mmap64(void* address, size_t size, int protection, int flags, int fd, off64_t at) {
  FAIL_IF(kMap, fd >= 0 && is_open_under(fd), MAP_FAILED);
  return REAL(mmap64)(address, size, protection, flags, fd, at);
}
int unlink(const char* path) {
  FAIL_IF(kUnlink, is_under(path), -1);
  return REAL(unlink)(path);
}
int remove(const char* path) {
  FAIL_IF(kUnlink, is_under(path), -1);
  return REAL(remove)(path);
}
int mkdir(const char* path, mode_t mode) {
  FAIL_IF(kMakeFolder, is_under(path), -1);
  return REAL(mkdir)(path, mode);
}
