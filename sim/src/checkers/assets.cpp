#include <algorithm>
#include <map>
#include <set>

#include "checker.h"

namespace theta::sim {
namespace {

/// What the hub called stored is there, byte for byte, after every restart; what a peer gets is what was uploaded.
class AssetChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "assets"; }

  void on_uploaded(const PeerView& peer, const AssetId& asset, const SharedBytes& bytes) override {
    uploaded_[{peer.room, asset}] = bytes;
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    if (const auto* stored = std::get_if<client::AssetStored>(&event)) {
      if (!uploaded_.contains({peer.room, stored->asset}))
        return violate(peer.name + " was told that an asset is stored which nobody uploaded.");
      stored_[peer.room].insert(stored->asset);
    } else if (const auto* ready = std::get_if<client::AssetReady>(&event)) {
      const auto found = uploaded_.find({peer.room, ready->asset});
      if (found == uploaded_.end() || !is_same(found->second.view(), ready->bytes.view()))
        violate(peer.name + " got other bytes of asset " + short_name(ready->asset.view()) + " than were uploaded.");
    }
  }

  void on_disk_read(const DiskLog& log, const RoomModel* model) override {
    static_cast<void>(model);
    check(log);
  }
  void on_end(const FinalView& end) override {
    for (const auto& log : end.logs) check(log);
  }

 private:
  [[nodiscard]] static bool is_same(ByteView one, ByteView other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end());
  }

  void check(const DiskLog& log) {
    for (const auto& asset : stored_[log.room]) {
      const auto there = log.read_asset ? log.read_asset(asset) : std::nullopt;
      const auto what = "Asset " + short_name(asset.view());
      if (!there) return violate(what + " was called stored and is not on the disk.");
      if (!is_same(*there, uploaded_[{log.room, asset}].view()))
        return violate(what + " on the disk is not, byte for byte, what was uploaded.");
    }
  }

  std::map<std::pair<RoomId, AssetId>, SharedBytes> uploaded_;
  std::map<RoomId, std::set<AssetId>> stored_;
};

}  // namespace

std::unique_ptr<Checker> make_asset_checker(RecordKeeper& keeper) { return std::make_unique<AssetChecker>(keeper); }

}  // namespace theta::sim
