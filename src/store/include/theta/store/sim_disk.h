#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "theta/base/time.h"
#include "theta/store/file_system.h"

namespace theta::store {

enum class DiskOperation : std::uint8_t { read, write, resize, sync, create, remove, rename, sync_directory };

enum class DiskFault : std::uint8_t {
  none,
  io,         // the operation fails and does nothing
  no_space,   // so, and says that the disk is full
  lie,        // a sync succeeds and makes nothing durable yet; a later honest one does. Elsewhere: none
  power_cut,  // the operation is the last: everything fails from here on until `lose_power`
};

/// A disk in memory that loses power, for tests and the simulation. It is reached as an SQLite VFS and as a
/// `FileSystem`, both over the same files, and models what POSIX promises and no more: contents are durable after a
/// sync of the file, names after a sync of the folder. What was not synced survives a loss of power in part: some
/// operations, and of each some sectors. A sector is never torn within.
///
/// Used from one thread. Outlives every connection and file system that it gave out.
class SimDisk {
 public:
  struct Options {
    std::uint32_t sector_bytes = 512;
    std::uint64_t capacity_bytes = ~std::uint64_t{0};
  };
  using Random = std::function<std::uint64_t()>;
  /// Asked before each operation; paths are absolute on this disk.
  using FaultHook = std::function<DiskFault(DiskOperation, const std::string& path)>;

  SimDisk() : SimDisk(Options{}) {}
  explicit SimDisk(const Options& options);
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;
  ~SimDisk();

  /// For `DatabaseOptions::vfs`, with `exclusive_locking`: there is no shared memory.
  [[nodiscard]] const char* vfs_name() const;
  /// Of the running process: what `end_process` and `lose_power` leave behind fails from then on.
  [[nodiscard]] std::unique_ptr<FileSystem> file_system(std::string root);

  void set_fault_hook(FaultHook hook);
  /// Writes that would take more fail with `no_space`, after what still fits.
  void set_capacity(std::uint64_t capacity_bytes);
  [[nodiscard]] std::uint64_t used_bytes() const;
  /// Modification times of files.
  void set_time(WallTime now);
  /// The `count`-th changing operation from now, counted from 1, meets a power cut; 0 takes that back.
  void cut_power_at(std::uint64_t count);
  /// False between a power cut and `lose_power`.
  [[nodiscard]] bool has_power() const;
  /// Changing operations so far: everything but reads.
  [[nodiscard]] std::uint64_t change_count() const;

  /// `kill -9`: handles stop working, and everything written is there for the next process.
  void end_process();
  /// Handles stop working, and what was not synced survives in part, as `random` decides.
  void lose_power(const Random& random);

  /// Flips the bits of `mask` at `offset`; false when the file has no such byte.
  bool damage(const std::string& path, std::uint64_t offset, std::uint8_t mask);
  struct File {
    std::string path;
    std::uint64_t size_bytes = 0;
  };
  [[nodiscard]] std::vector<File> files() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace theta::store
