#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "theta/client/session.h"
#include "theta/interchange/gltf.h"

namespace theta::models {

/// Writes a room's scene, as it is shown when the export begins, as one GLB: asks for the assets that are in it, then
/// encodes. One thread, the session's; driven like `RoomImport`.
class RoomExport {
 public:
  /// `entities` with all below them; empty: the whole scene. An entity below another of the list comes once. `session`
  /// must outlive it.
  RoomExport(client::Session& session, std::span<const ObjectId> entities);

  void on_event(const client::Event& event);
  /// Queues a few downloads.
  void advance();

  /// True while `advance` has something to do without another event.
  [[nodiscard]] bool has_work() const;
  /// All assets are here, or one cannot be had.
  [[nodiscard]] bool is_ready() const { return !trouble_.empty() || missing_ == 0; }
  /// A sentence once an asset cannot be had.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] double fraction() const;
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }
  /// Precondition: ready and without trouble. Once.
  [[nodiscard]] Expected<Bytes, interchange::ExportError> encode();

 private:
  client::Session& session_;
  std::vector<interchange::SceneNode> nodes_;
  std::map<AssetId, std::optional<SharedBytes>> assets_;
  std::vector<AssetId> to_ask_;  // still to be queued, from the back
  std::size_t missing_ = 0;
  std::string trouble_;
};

}  // namespace theta::models
