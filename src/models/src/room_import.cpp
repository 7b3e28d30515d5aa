#include "theta/models/room_import.h"

#include <algorithm>

#include "theta/base/limits.h"

namespace theta::models {

namespace {

/// Uploads that the session is given at once; it does one after the other.
constexpr std::size_t kUploadsQueuedMax = 64;
/// What a packet's payload may fill before the next begins: sizes are estimated.
constexpr std::size_t kBatchBytes = limits::kPayloadBytesMax * 3 / 4;
constexpr std::size_t kBatchBaseBytes = 512;

/// Bytes that one entity takes in a payload, generously: tables, id, transform, name, mesh, material with five
/// textures.
std::size_t payload_bytes(const interchange::SceneNode& node) {
  return 160 + node.name.size() + (node.mesh ? 40 : 0) + (node.material ? 320 : 0) + (node.light ? 60 : 0) +
         (node.camera ? 60 : 0);
}

}  // namespace

RoomImport::RoomImport(client::Session& session, interchange::ImportedScene scene, RoomImportOptions options)
    : session_(session), scene_(std::move(scene)), options_(std::move(options)) {}

/// Whether answers of the hub are worth waiting for.
bool RoomImport::waits_for_hub() const {
  return !options_.may_end_offline || session_.phase() == client::SessionPhase::live;
}

bool RoomImport::is_all_answered() const { return unsettled_.empty() && undos_.empty(); }

bool RoomImport::has_work() const {
  switch (phase_) {
    case Phase::uploading:
      if (!waits_for_hub()) return true;
      return next_asset_ == scene_.assets.size() ? uploading_.empty() : uploading_.size() < kUploadsQueuedMax;
    case Phase::creating: return true;
    case Phase::waiting: return unsettled_.empty() || !waits_for_hub();
    case Phase::taking_back:
      return left_to_take_back_ > 0 ? !waits_to_take_back_ : !waits_for_hub() || is_all_answered();
    case Phase::done:
    case Phase::failed: break;
  }
  return false;
}

double RoomImport::fraction() const {
  const auto part = [](std::size_t done, std::size_t all) {
    return all == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(all);
  };
  if (phase_ == Phase::uploading) return part(next_asset_ - uploading_.size(), scene_.assets.size());
  if (phase_ == Phase::creating) return 0.5 * part(next_node_, scene_.nodes.size());
  if (phase_ == Phase::waiting) return 0.5 + 0.5 * part(commands_.size() - unsettled_.size(), commands_.size());
  return phase_ == Phase::done ? 1 : 0;
}

void RoomImport::on_event(const client::Event& event) {
  if (const auto* stored = std::get_if<client::AssetStored>(&event)) uploading_.erase(stored->asset);
  if (const auto* failed = std::get_if<client::AssetFailed>(&event))
    if (uploading_.erase(failed->asset) > 0)
      fail_with({failed->refusal.code, "an asset was refused: " + failed->refusal.text});
  if (const auto* settled = std::get_if<client::CommandSettled>(&event)) note(*settled);
}

void RoomImport::note(const client::CommandSettled& settled) {
  waits_to_take_back_ = false;
  const bool lost = settled.outcome && settled.outcome->status == replica::OutcomeStatus::rejected;
  if (const auto undo = undos_.find(settled.handle); undo != undos_.end()) {
    // There is nothing to undo of what the room never took.
    const bool was_made = made_.contains(undo->second);
    undos_.erase(undo);
    if (was_made && settled.refusal) note_not_undone(settled.refusal->text);
    if (was_made && lost) note_not_undone(replica::describe(*settled.outcome, ""));
    return;
  }
  if (unsettled_.erase(settled.handle) == 0) return;
  if (settled.refusal) fail_with({settled.refusal->code, "refused: " + settled.refusal->text});
  if (settled.how != client::CommandSettled::How::acknowledged) return;
  if (lost) return fail_with({{}, replica::describe(*settled.outcome, "")});
  made_.emplace(settled.handle, Place{settled.nonce, settled.index});
}

void RoomImport::note_not_undone(const std::string& why) {
  if (why_not_undone_.empty()) why_not_undone_ = why;
}

/// The first trouble is the one to tell; what follows comes of it.
void RoomImport::fail_with(ImportTrouble trouble) {
  if (!trouble_) trouble_ = std::move(trouble);
}

void RoomImport::cancel() {
  if (!is_over()) fail_with({{}, "cancelled"});
}

void RoomImport::advance() {
  if (is_over()) return;
  if (trouble_ && phase_ != Phase::taking_back) begin_taking_back();
  switch (phase_) {
    case Phase::uploading: return upload_some();
    case Phase::creating: return create_some();
    case Phase::waiting:
      if (unsettled_.empty() || !waits_for_hub()) phase_ = Phase::done;
      return;
    case Phase::taking_back:
      take_back();
      if (left_to_take_back_ == 0 && (is_all_answered() || !waits_for_hub())) finish_taking_back();
      return;
    case Phase::done:
    case Phase::failed: return;
  }
}

void RoomImport::upload_some() {
  while (next_asset_ < scene_.assets.size() && (uploading_.size() < kUploadsQueuedMax || !waits_for_hub())) {
    auto& asset = scene_.assets[next_asset_];
    const auto queued = session_.upload_asset(asset.bytes);
    if (!queued) return fail_with({queued.error().code, queued.error().message});
    uploading_.insert(asset.id);
    asset.bytes = {};
    ++next_asset_;
  }
  if (uploading_.empty() || !waits_for_hub()) phase_ = Phase::creating;
}

client::NewEntity RoomImport::entity_at(std::size_t node) const {
  const auto& from = scene_.nodes[node];
  client::NewEntity entity;
  entity.id = ids_[node + 1];
  entity.parent = ids_[static_cast<std::size_t>(from.parent + 1)];
  entity.name = from.name;
  entity.transform = from.transform;
  entity.mesh = from.mesh;
  entity.material = from.material;
  entity.light = from.light;
  entity.camera = from.camera;
  return entity;
}

void RoomImport::create_some() {
  const bool is_first = ids_.empty();
  auto end = next_node_;
  std::size_t count = is_first ? 1 : 0;
  for (std::size_t bytes = kBatchBaseBytes; end < scene_.nodes.size() && count < limits::kTargetsPerCommandMax; ++end) {
    bytes += payload_bytes(scene_.nodes[end]);
    if (bytes > kBatchBytes) break;
    ++count;
  }
  // Ids must be used in the order in which they were handed out, and the person makes entities between two packets.
  const auto ids = session_.mint_ids(count);
  if (!ids) return fail_with({ids.error().code, ids.error().message});
  ids_.insert(ids_.end(), ids->begin(), ids->end());
  std::vector<client::NewEntity> batch;
  if (is_first) {
    top_ = ids_.front();
    batch.push_back({.id = top_, .parent = options_.parent, .name = options_.name, .transform = options_.transform});
  }
  while (next_node_ < end) batch.push_back(entity_at(next_node_++));
  const auto made = session_.create_entities(std::move(batch));
  if (!made) return fail_with({made.error().code, made.error().message});
  unsettled_.insert(made->handle);
  commands_.push_back(made->handle);
  if (next_node_ == scene_.nodes.size()) phase_ = Phase::waiting;
}

void RoomImport::begin_taking_back() {
  phase_ = Phase::taking_back;
  uploading_.clear();
  left_to_take_back_ = commands_.size();
}

/// Newest first, and without waiting for answers: offline, and after a restart, only what stands in the outbox counts.
/// Each command by itself, since the person may have done other things between them.
void RoomImport::take_back() {
  while (left_to_take_back_ > 0 && !waits_to_take_back_) {
    const auto command = commands_[left_to_take_back_ - 1];
    const auto made = made_.find(command);
    const bool is_pending = unsettled_.contains(command);
    if (!is_pending && made == made_.end()) {
      --left_to_take_back_;
      continue;
    }
    const auto undo = is_pending ? session_.undo(command) : session_.undo(made->second, made->second);
    // A full queue empties, and a command that is no longer under way is one whose answer waits to be polled.
    waits_to_take_back_ = !undo && (undo.error().code == client::ClientError::queue_full ||
                                    (is_pending && undo.error().code == client::ClientError::bad_command));
    if (waits_to_take_back_) return;
    --left_to_take_back_;
    if (undo) undos_.emplace(*undo, command);
    if (undo || is_pending) continue;
    // Older commands made what this one's entities stand below.
    note_not_undone(undo.error().message);
    left_to_take_back_ = 0;
  }
}

void RoomImport::finish_taking_back() {
  phase_ = Phase::failed;
  trouble_->stands = !why_not_undone_.empty() && session_.scene().contains(top_);
  if (trouble_->stands)
    trouble_->text += ". What had come in of this file stands, since it could not be taken back (" + why_not_undone_ +
                      "); delete_entities with the target " + std::to_string(slot_of(top_).value()) + ":" +
                      std::to_string(counter_of(top_)) + " removes it";
  else if (made_.empty())
    trouble_->text += ". Nothing of this file is in the room";
  else
    trouble_->text += ". What had come in of this file was taken back";
}

}  // namespace theta::models
