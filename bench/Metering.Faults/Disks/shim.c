// Stands between a process and its C library, loaded by LD_PRELOAD: records what is written below one folder, in order,
// with what was fsynced; and lets fsync fail, lie, or the disk be full, at a chosen call. Environment:
//   FAULTS_FOLDER            the folder; nothing else is touched
//   FAULTS_RECORD            takes the record (see WriteRecord.cs for its form)
//   FAULTS_FSYNC_FAILS_AT=N  the Nth fsync does nothing and answers EIO; so does the next by each other descriptor of the file
//   FAULTS_FSYNC_LIES_FROM=N from the Nth on, fsync is recorded as failed, but answers that it is done
//   FAULTS_FULL_AT=N         from the Nth write on, files cannot grow (ENOSPC) until the file FAULTS_SPACE is there
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPENED = 1, CREATED, WRITTEN, TRUNCATED, SYNCED, FOLDER_SYNCED, RENAMED, UNLINKED, FOLDER_MADE, SYNC_FAILED, FULL };
enum { DESCRIPTORS = 65536 };

struct event { uint32_t kind, path_bytes; uint64_t inode, offset, length, mark; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int record = -1;
static uint64_t recorded, fails_at, lies_from, full_at;
static uint64_t syncs, writes;
static const char *space;
static struct { uint64_t inode; char is_ours, is_folder, has_failed; char *path; } files[DESCRIPTORS];

static uint64_t number(const char *name) { const char *text = getenv(name); return text ? strtoull(text, NULL, 10) : 0; }

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTS_FOLDER"), *to = getenv("FAULTS_RECORD");
  if (!path || !realpath(path, folder)) return;
  folder_length = strlen(folder);
  fails_at = number("FAULTS_FSYNC_FAILS_AT");
  lies_from = number("FAULTS_FSYNC_LIES_FROM");
  full_at = number("FAULTS_FULL_AT");
  space = getenv("FAULTS_SPACE");
  if (to) record = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = real_symbol(#name)

static void *real_symbol(const char *name) {
  static void *(*real)(void *, const char *);
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  return real(RTLD_NEXT, name);
}

static int is_ours(const char *path) {
  return folder_length && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

// The caller has the lock.
static void tell(uint32_t kind, uint64_t inode, uint64_t offset, uint64_t length, uint64_t mark, const char *path, const void *bytes) {
  if (record < 0) return;
  struct event event = { kind, path ? strlen(path) : 0, inode, offset, length, mark };
  struct iovec parts[] = { { &event, sizeof event }, { (void *)path, event.path_bytes }, { (void *)bytes, bytes ? length : 0 } };
  syscall(SYS_writev, record, parts, 3);
  recorded += sizeof event + event.path_bytes + (bytes ? length : 0);
}

static int opened(int file, const char *path, int existed) {
  struct stat facts;
  if (file < 0 || file >= DESCRIPTORS || !is_ours(path) || fstat(file, &facts)) return file;
  pthread_mutex_lock(&lock);
  free(files[file].path);
  files[file].path = strdup(path);
  files[file].inode = facts.st_ino;
  files[file].is_folder = S_ISDIR(facts.st_mode);
  files[file].is_ours = 1;
  files[file].has_failed = 0;
  if (!files[file].is_folder) tell(existed ? OPENED : CREATED, facts.st_ino, 0, 0, 0, path, NULL);
  pthread_mutex_unlock(&lock);
  return file;
}

static int open_at(const char *path, int flags, mode_t mode) {
  struct stat facts;
  int existed = !(flags & O_CREAT) || !is_ours(path) || !stat(path, &facts);
  return opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, existed);
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *path, int flags, ...) { MODE return open_at(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_at(path, flags | O_LARGEFILE, mode); }

int close(int file) {
  if (file >= 0 && file < DESCRIPTORS) files[file].is_ours = 0;
  REAL(close);
  return real(file);
}

static int ours(int file) { return file >= 0 && file < DESCRIPTORS && files[file].is_ours; }

// Whether the disk lets a file become this long.
static int has_space(int file, uint64_t end) {
  struct stat facts;
  if (!full_at || __atomic_add_fetch(&writes, 1, __ATOMIC_RELAXED) < full_at) return 1;
  if (fstat(file, &facts) || end <= (uint64_t)facts.st_size || !access(space, F_OK)) return 1;
  pthread_mutex_lock(&lock);
  tell(FULL, files[file].inode, 0, 0, 0, files[file].path, NULL);
  pthread_mutex_unlock(&lock);
  errno = ENOSPC;
  return 0;
}

static ssize_t written(int file, const void *bytes, ssize_t length, off64_t offset) {
  if (length <= 0) return length;
  pthread_mutex_lock(&lock);
  tell(WRITTEN, files[file].inode, offset, length, 0, NULL, bytes);
  pthread_mutex_unlock(&lock);
  return length;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
  REAL(pwrite64);
  if (!ours(file)) return real(file, bytes, length, offset);
  return has_space(file, offset + length) ? written(file, bytes, real(file, bytes, length, offset), offset) : -1;
}
ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) { return pwrite64(file, bytes, length, offset); }

ssize_t write(int file, const void *bytes, size_t length) {
  REAL(write);
  if (!ours(file)) return real(file, bytes, length);
  off64_t offset = lseek64(file, 0, SEEK_CUR);
  return has_space(file, offset + length) ? written(file, bytes, real(file, bytes, length), offset) : -1;
}

int ftruncate64(int file, off64_t length) {
  REAL(ftruncate64);
  if (!ours(file)) return real(file, length);
  if (!has_space(file, length)) return -1;
  int result = real(file, length);
  pthread_mutex_lock(&lock);
  if (!result) tell(TRUNCATED, files[file].inode, 0, length, 0, NULL, NULL);
  pthread_mutex_unlock(&lock);
  return result;
}
int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

// What was written before the call is on the disk once it returns; what another thread writes meanwhile may not be.
static int sync_file(int file, int (*real)(int)) {
  if (!ours(file)) return real(file);
  uint64_t call = __atomic_add_fetch(&syncs, 1, __ATOMIC_RELAXED);
  pthread_mutex_lock(&lock);
  uint64_t mark = recorded;
  int fails = call == fails_at || files[file].has_failed || (lies_from && call >= lies_from);
  int is_told = call == fails_at || files[file].has_failed;
  files[file].has_failed = 0;
  for (int other = 0; call == fails_at && other < DESCRIPTORS; other++) // as Linux does: each descriptor of the file is told, once
    if (other != file && files[other].is_ours && files[other].inode == files[file].inode) files[other].has_failed = 1;
  if (fails) tell(SYNC_FAILED, files[file].inode, 0, 0, call, files[file].path, NULL);
  pthread_mutex_unlock(&lock);
  if (fails) { errno = EIO; return is_told ? -1 : 0; }
  int result = real(file);
  pthread_mutex_lock(&lock);
  if (!result) tell(files[file].is_folder ? FOLDER_SYNCED : SYNCED, files[file].inode, 0, 0, mark, files[file].path, NULL);
  pthread_mutex_unlock(&lock);
  return result;
}
int fsync(int file) { REAL(fsync); return sync_file(file, real); }
int fdatasync(int file) { REAL(fdatasync); return sync_file(file, real); }

int rename(const char *from, const char *to) {
  REAL(rename);
  int result = real(from, to);
  if (!result && is_ours(to)) {
    char both[2 * PATH_MAX + 2];
    strcpy(stpcpy(stpcpy(both, from), "\n"), to);
    pthread_mutex_lock(&lock);
    tell(RENAMED, 0, 0, 0, 0, both, NULL);
    pthread_mutex_unlock(&lock);
  }
  return result;
}

static int changed(int result, uint32_t kind, const char *path) {
  if (result || !is_ours(path)) return result;
  pthread_mutex_lock(&lock);
  tell(kind, 0, 0, 0, 0, path, NULL);
  pthread_mutex_unlock(&lock);
  return result;
}
int unlink(const char *path) { REAL(unlink); return changed(real(path), UNLINKED, path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return changed(real(path, mode), FOLDER_MADE, path); }

// The runtime looks functions up in the C library itself and would pass by.
void *dlsym(void *library, const char *name) {
  static void *(*real)(void *, const char *);
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  if (!strcmp(name, "fsync")) return fsync;
  if (!strcmp(name, "open")) return open;
  if (!strcmp(name, "close")) return close;
  return real(library, name);
}
