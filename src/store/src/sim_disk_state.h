#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "theta/store/sim_disk.h"

namespace theta::store {

struct SimFile {
  struct Change {
    bool is_resize = false;
    std::uint64_t offset = 0;  // of a resize: the new size
    Bytes bytes;
  };
  std::string path;  // under which it was made, for messages and fault hooks
  Bytes durable;
  Bytes current;
  /// What leads from `durable` to `current`, in order.
  std::vector<Change> pending;
  WallTime modified{};
};

enum class DiskResult : std::uint8_t { ok, io, no_space, not_found };

/// What both faces of the disk share. Every operation carries the process it is for; an ended process gets `io`.
struct SimDisk::State {
  struct NameChange {
    std::string removed;  // empty: none
    std::string added;    // empty: none
    SimFile* file;        // of `added`
  };
  using Names = std::map<std::string, SimFile*>;

  Options options;
  FaultHook hook;
  WallTime now{};
  std::uint64_t process = 1;
  bool is_dead = false;
  std::uint64_t changes = 0;
  std::uint64_t cut_at = 0;  // 0: never
  std::uint64_t random_state = 0x7e7a;
  /// Every file that there ever was: handles of an ended process still point at theirs. What no name leads to after a
  /// loss of power is emptied.
  std::vector<std::unique_ptr<SimFile>> all_files;
  Names names;
  Names durable_names;
  std::vector<NameChange> pending_names;
  sqlite3_vfs vfs{};
  std::string vfs_name;

  [[nodiscard]] SimFile* find(const std::string& path) const;
  /// Without a name yet.
  [[nodiscard]] SimFile* make_file(const std::string& path);
  [[nodiscard]] DiskResult open(std::uint64_t of_process, const std::string& path, bool may_create, SimFile*& file);
  [[nodiscard]] DiskResult read(std::uint64_t of_process, const SimFile& file, std::uint64_t offset, std::size_t size,
                                Bytes& bytes);
  [[nodiscard]] DiskResult write(std::uint64_t of_process, SimFile& file, std::uint64_t offset, ByteView bytes);
  [[nodiscard]] DiskResult resize(std::uint64_t of_process, SimFile& file, std::uint64_t size);
  [[nodiscard]] DiskResult sync(std::uint64_t of_process, SimFile& file);
  [[nodiscard]] DiskResult remove(std::uint64_t of_process, const std::string& path);
  [[nodiscard]] DiskResult rename(std::uint64_t of_process, const std::string& from, const std::string& to);
  [[nodiscard]] DiskResult sync_directory(std::uint64_t of_process, const std::string& path);
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] bool is_alive(std::uint64_t of_process) const { return !is_dead && of_process == process; }

  /// `none`, `lie` and `power_cut` let the operation happen as far as its kind says.
  [[nodiscard]] DiskFault meet(std::uint64_t of_process, DiskOperation operation, const std::string& path);
  void apply_name_change(Names& to, const NameChange& change) const;
};

/// Applies `change` to `bytes`.
void apply_change(Bytes& bytes, const SimFile::Change& change);
[[nodiscard]] std::string folder_of_path(const std::string& path);

void register_sim_vfs(SimDisk::State& disk);
void unregister_sim_vfs(SimDisk::State& disk);
[[nodiscard]] std::unique_ptr<FileSystem> make_sim_file_system(SimDisk::State& disk, std::string root);

}  // namespace theta::store
