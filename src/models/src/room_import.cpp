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

bool RoomImport::has_work() const {
  switch (phase_) {
    case Phase::uploading:
      if (!waits_for_hub()) return true;
      return next_asset_ == scene_.assets.size() ? uploading_.empty() : uploading_.size() < kUploadsQueuedMax;
    case Phase::creating: return true;
    case Phase::waiting: return unsettled_.empty() || !waits_for_hub();
    case Phase::taking_back: return unsettled_.empty();
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
  const bool is_undo = undo_ && settled.handle == *undo_;
  if (!is_undo && unsettled_.erase(settled.handle) == 0) return;
  const bool lost = settled.outcome && settled.outcome->status == replica::OutcomeStatus::rejected;
  if (is_undo) {
    unsettled_.erase(settled.handle);
    if (settled.refusal) why_not_undone_ = settled.refusal->text;
    if (lost) why_not_undone_ = replica::describe(*settled.outcome, "");
    return;
  }
  if (settled.refusal) fail_with({settled.refusal->code, "refused: " + settled.refusal->text});
  if (settled.how != client::CommandSettled::How::acknowledged) return;
  const Place place{settled.nonce, settled.index};
  if (!first_made_) first_made_ = place;
  last_made_ = place;
  if (lost) fail_with({{}, replica::describe(*settled.outcome, "")});
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
      if (unsettled_.empty()) finish_taking_back();
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
  std::vector<client::NewEntity> batch;
  if (ids_.empty()) {
    auto ids = session_.mint_ids(entity_count());
    if (!ids) return fail_with({ids.error().code, ids.error().message});
    ids_ = std::move(*ids);
    top_ = ids_.front();
    batch.push_back({.id = top_, .parent = options_.parent, .name = options_.name, .transform = options_.transform});
  }
  std::size_t batch_bytes = kBatchBaseBytes;
  while (next_node_ < scene_.nodes.size() && batch.size() < limits::kTargetsPerCommandMax) {
    const auto node_bytes = payload_bytes(scene_.nodes[next_node_]);
    if (batch_bytes + node_bytes > kBatchBytes) break;
    batch_bytes += node_bytes;
    batch.push_back(entity_at(next_node_++));
  }
  const auto made = session_.create_entities(std::move(batch));
  if (!made) return fail_with({made.error().code, made.error().message});
  unsettled_.insert(made->handle);
  commands_.push_back(made->handle);
  if (next_node_ == scene_.nodes.size()) phase_ = Phase::waiting;
}

void RoomImport::begin_taking_back() {
  phase_ = Phase::taking_back;
  uploading_.clear();
}

/// Called once when everything that was submitted is answered, and once more when the undo is.
void RoomImport::finish_taking_back() {
  if (!first_made_) {
    trouble_->text += ". Nothing of this file is in the room";
    phase_ = Phase::failed;
    return;
  }
  if (!undo_) {
    const auto undo = session_.undo(*first_made_, *last_made_);
    if (undo) {
      undo_ = *undo;
      unsettled_.insert(*undo);
      return;
    }
    why_not_undone_ = undo.error().message;
  }
  trouble_->text += why_not_undone_.empty()
                        ? ". What had come in of this file was taken back"
                        : ". What had come in of this file stands, since it could not be taken back (" +
                              why_not_undone_ + "); delete_entities with the target " +
                              std::to_string(slot_of(top_).value()) + ":" + std::to_string(counter_of(top_)) +
                              " removes it";
  phase_ = Phase::failed;
}

}  // namespace theta::models
