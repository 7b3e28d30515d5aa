#pragma once

#include <memory>
#include <string>
#include <vector>

#include "theta/client/persistence.h"

namespace theta::client {

/// A session's state in a folder: `state-<n>` (written aside, synced, renamed) and `journal-<n>` beside it; the number
/// ties the two together, so that a crash between the two writes never joins a journal to the wrong state. Assets that
/// wait for the hub lie beside them as `asset-<id>`. Native only.
class FilePersistence final : public Persistence {
 public:
  /// Makes the folder (mode 0700) if it is not there.
  [[nodiscard]] static ClientResult<std::unique_ptr<FilePersistence>> open(const std::string& folder);
  ~FilePersistence() override;
  FilePersistence(const FilePersistence&) = delete;
  FilePersistence& operator=(const FilePersistence&) = delete;

  [[nodiscard]] ClientResult<Stored> load() override;
  [[nodiscard]] ClientResult<void> replace(ByteView state) override;
  [[nodiscard]] ClientResult<void> append(ByteView entries) override;
  [[nodiscard]] ClientResult<void> sync() override;
  [[nodiscard]] ClientResult<void> keep_asset(const AssetId& asset, const SharedBytes& bytes) override;
  [[nodiscard]] ClientResult<void> forget_asset(const AssetId& asset) override;

 private:
  explicit FilePersistence(std::string folder);
  [[nodiscard]] std::string state_path(std::uint64_t number) const;
  [[nodiscard]] std::string journal_path(std::uint64_t number) const;
  [[nodiscard]] std::string asset_path(const AssetId& asset) const;
  [[nodiscard]] ClientResult<std::vector<SharedBytes>> load_assets() const;
  [[nodiscard]] ClientResult<void> sync_assets();
  [[nodiscard]] ClientResult<void> open_journal();
  void remove_others() const;

  std::string folder_;
  std::uint64_t number_ = 0;  // 0: nothing stored yet
  int journal_ = -1;
  std::vector<std::string> unsynced_assets_;  // paths
};

/// Keeps other processes from writing the same room with the same state folder, for as long as it lives or until the
/// process dies.
class RoomLock {
 public:
  /// `locked` when another process has it; the sentence says what to do.
  [[nodiscard]] static ClientResult<RoomLock> take(const std::string& folder);
  RoomLock(RoomLock&& other) noexcept;
  RoomLock& operator=(RoomLock&& other) noexcept;
  ~RoomLock();

 private:
  explicit RoomLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace theta::client
