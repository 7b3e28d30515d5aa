#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "theta/client/session.h"
#include "theta/interchange/gltf.h"

namespace theta::models {

struct RoomImportOptions {
  /// kNoObject: the root.
  ObjectId parent = kNoObject;
  /// Of the one entity that holds the file's roots, so that an import can be moved or deleted as one thing.
  std::string name = {};
  scene::Transform transform = {};
  /// While the hub cannot be reached: ends as done when everything is queued, instead of waiting for the hub. The
  /// session keeps assets and commands and sends them in that order.
  bool may_end_offline = false;
};

/// Why an import ended without its model in the room.
struct ImportTrouble {
  /// What the hub or the session answered; monostate: the command lost, or the caller cancelled.
  std::variant<std::monostate, log::RefusalCode, client::ClientError> cause;
  /// What went wrong, and what of the file stands in the room now.
  std::string text;
  /// Something does, since somebody has changed it or the hub did not take the undo.
  bool stands = false;
};

/// Brings one file's scene into a room, step by step: assets go up first, so that whoever sees the entities can load
/// them, then the entities come in as few packets as hold them. What fails half-way is taken back: by undos that stand
/// in the outbox behind what they undo, so that neither a lost connection nor a restart leaves half a model.
///
/// One thread, the session's. Nothing happens but in the calls; whoever drives it hands in every event of the session
/// and calls `advance` until `is_over`.
class RoomImport {
 public:
  /// `session` must outlive it and be caught up, or attached earlier.
  RoomImport(client::Session& session, interchange::ImportedScene scene, RoomImportOptions options);

  void on_event(const client::Event& event);
  /// Queues what is next: a few uploads, or one packet of entities.
  void advance();
  /// Begins to take back what there is. Without effect when all is done.
  /// Offline, with `may_end_offline`, it is over when the undos are queued.
  void cancel();

  enum class Phase : std::uint8_t { uploading, creating, waiting, taking_back, done, failed };
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_over() const { return phase_ == Phase::done || phase_ == Phase::failed; }
  /// True while `advance` has something to do without another event.
  [[nodiscard]] bool has_work() const;
  /// Of the present phase, 0 to 1.
  [[nodiscard]] double fraction() const;
  /// Set from the moment that something went wrong; its text is complete when the import is over.
  [[nodiscard]] const std::optional<ImportTrouble>& trouble() const { return trouble_; }
  /// The entity that holds everything; kNoObject before the first packet.
  [[nodiscard]] ObjectId top() const { return top_; }
  /// What was submitted, oldest first: together they are the one step that a person takes back.
  [[nodiscard]] const std::vector<client::CommandHandle>& commands() const { return commands_; }
  [[nodiscard]] std::size_t entity_count() const { return scene_.nodes.size() + 1; }
  [[nodiscard]] std::size_t asset_count() const { return scene_.assets.size(); }

 private:
  using Place = replica::Replica::CommandSpan;

  [[nodiscard]] bool waits_for_hub() const;
  [[nodiscard]] bool is_all_answered() const;
  void note(const client::CommandSettled& settled);
  void note_not_undone(const std::string& why);
  void fail_with(ImportTrouble trouble);
  void upload_some();
  void create_some();
  void begin_taking_back();
  void take_back();
  void finish_taking_back();
  [[nodiscard]] client::NewEntity entity_at(std::size_t node) const;

  client::Session& session_;
  interchange::ImportedScene scene_;
  RoomImportOptions options_;
  Phase phase_ = Phase::uploading;
  std::size_t next_asset_ = 0;
  std::set<AssetId> uploading_;
  std::size_t next_node_ = 0;
  std::vector<ObjectId> ids_;
  ObjectId top_ = kNoObject;
  std::set<client::CommandHandle> unsettled_;
  std::vector<client::CommandHandle> commands_;
  std::map<client::CommandHandle, Place> made_;  // what the log has of them
  // Taking back: how many of `commands_`, from the front, have no undo yet, and the undo's command for each undo that
  // is not answered.
  std::size_t left_to_take_back_ = 0;
  bool waits_to_take_back_ = false;  // for an event
  std::map<client::CommandHandle, client::CommandHandle> undos_;
  std::string why_not_undone_;
  std::optional<ImportTrouble> trouble_;
};

}  // namespace theta::models
