#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record_keeper.h"
#include "room_model.h"
#include "theta/client/session.h"
#include "theta/hub/hub.h"

namespace theta::sim {

/// One peer, as a checker may see it: through the session's public interface.
struct PeerView {
  std::size_t index = 0;
  std::string name;
  AuthorKey author;
  RoomId room;
  client::Session* session = nullptr;  // null while the process is down
  /// Where the peer's disk stands: what is done now survives a crash exactly if this place does.
  std::uint64_t disk_place = 0;
  /// Its network delivers garbled bytes, which presence has no signature against.
  bool hears_garbled = false;
};

/// How a peer's process ended.
enum class PeerEnd : std::uint8_t { killed, power_lost, wiped };

/// Markers stand in names, tags, tools and values: this, and a number of so many digits.
inline constexpr std::string_view kMarkerPrefix = "mark:";
inline constexpr std::size_t kMarkerDigits = 8;
/// The first marker in these bytes, or empty.
[[nodiscard]] std::string marker_in(ByteView bytes);

/// A command that an honest peer's session took. `marker` is a text that no other command holds, unless
/// it is the same one submitted again; empty when the command has no place for one.
struct Submission {
  client::CommandHandle handle;
  std::string marker;
  std::string what;
};

/// One room's log as it was read from the disk, by a store that had just been opened.
struct DiskLog {
  RoomId room;
  Seq head;
  Seq archived_through;
  std::vector<store::StoredRecord> records;
  /// The asset's bytes, or empty when the room has no such asset. Callable as long as the log is being looked at.
  std::function<std::optional<Bytes>(const AssetId&)> read_asset = {};
};

/// What there is to see at the end: everything healed, every process stopped, the disk read once more.
struct FinalView {
  const RoomModels& models;
  const std::vector<PeerView>& peers;
  const std::vector<DiskLog>& logs;
};

/// What queues hold at one moment, and what they may.
struct QueueView {
  std::string what;
  std::uint64_t held = 0;
  std::uint64_t bound = 0;
};

/// Judges the system from outside. It knows what went in and what came out, and no part of how; it says so through
/// `violate` and never changes anything.
class Checker {
 public:
  explicit Checker(RecordKeeper& keeper) : keeper_(keeper) {}
  virtual ~Checker() = default;
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  [[nodiscard]] virtual const char* name() const = 0;

  // The hub's side.
  /// The store completed a write of it. Comes before the model knows the record.
  virtual void on_durable(const RoomId&, const store::StoredRecord&) {}
  /// The store said that a write failed; what of it is on the disk after all, only a restart tells.
  virtual void on_write_failed(const RoomId&) {}
  virtual void on_committed(const hub::HubObserver::Committed&) {}
  virtual void on_refused(const hub::HubObserver::Refused&) {}
  /// After each of the hub's turns; `config` is what it should keep to.
  virtual void on_hub_usage(const hub::HubUsage& usage, const hub::HubConfig& config) {
    static_cast<void>(usage), static_cast<void>(config);
  }
  /// The hub's process began again; `log` is what its disk holds. Comes before the model follows it.
  virtual void on_disk_read(const DiskLog& log, const RoomModel* model) {
    static_cast<void>(log), static_cast<void>(model);
  }

  // The peers' side.
  virtual void on_hello(const PeerView&, const Hash256& challenge) { static_cast<void>(challenge); }
  /// A peer's transport was given a packet: its hash in compact or stored form.
  virtual void on_packet_sent(const AuthorKey&, const Hash256& bytes_hash) { static_cast<void>(bytes_hash); }
  /// The confirmed head of the peer moved.
  virtual void on_advanced(const PeerView&, const RoomModel&) {}
  virtual void on_submitted(const PeerView&, const Submission&) {}
  /// A peer's session took an asset to upload.
  virtual void on_uploaded(const PeerView&, const AssetId&, const SharedBytes&) {}
  /// A peer's application gave its session presence to send; `marker` is a text in it that no other has, and rises.
  virtual void on_presence_set(const PeerView&, const std::string& marker) { static_cast<void>(marker); }
  virtual void on_event(const PeerView&, const client::Event&) {}
  /// `surviving`: the place of the peer's disk up to which things are kept.
  virtual void on_peer_ended(const PeerView&, PeerEnd, std::uint64_t surviving) { static_cast<void>(surviving); }

  virtual void on_queues(const std::vector<QueueView>&) {}
  virtual void on_end(const FinalView&) {}

 protected:
  void violate(std::string sentence) const { keeper_.violate(name(), std::move(sentence)); }
  [[nodiscard]] RecordKeeper& keeper() const { return keeper_; }

 private:
  RecordKeeper& keeper_;
};

/// All of them, each from its own file in checkers/.
using Checkers = std::vector<std::unique_ptr<Checker>>;
/// `settles_within`: what the profile promises, or zero.
[[nodiscard]] Checkers make_checkers(RecordKeeper& keeper, std::chrono::milliseconds settles_within);

[[nodiscard]] std::unique_ptr<Checker> make_convergence_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_durability_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_chain_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_outcome_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_settlement_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_queue_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_bounds_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_authorship_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_scene_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_handshake_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_role_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_asset_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_presence_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_rollback_checker(RecordKeeper& keeper);
[[nodiscard]] std::unique_ptr<Checker> make_progress_checker(RecordKeeper& keeper, std::chrono::milliseconds bound);

/// For sentences.
[[nodiscard]] std::string short_name(ByteView bytes);

}  // namespace theta::sim
