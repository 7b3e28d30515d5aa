#include "theta/store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace theta::store {

StoreResult<FolderLock> FolderLock::acquire(const std::string& folder) {
  const auto name = folder + "/lock";
  FolderLock lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.descriptor_ < 0)
    return fail(StoreError::io, "the lock file " + name + " cannot be opened: " + std::strerror(errno));
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return fail(StoreError::busy, "another process serves the data folder " + folder + " already");
  return fail(StoreError::io, "the lock file " + name + " cannot be locked: " + std::strerror(errno));
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace theta::store
