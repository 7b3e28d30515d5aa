#include "log_source.h"

#include "theta/client/identity.h"
#include "theta/store/data_folder_reader.h"

namespace theta::cli {

namespace {

constexpr std::uint32_t kRecordsPerQuery = 1024;

Failure<ExitCode> from_store(const Failure<store::StoreError>& failure) {
  const auto code = failure.code == store::StoreError::corrupt ? ExitCode::verification : ExitCode::failed;
  return {code, failure.message};
}

template <class Expected>
Peer::Result<Expected> read_as(store::DataFolderReader& reader, const store::Request& request) {
  auto answer = reader.read(request);
  if (!answer) return tl::unexpected(from_store(answer.error()));
  return std::get<Expected>(std::move(*answer));
}

Peer::Result<void> read_checkpoints(store::DataFolderReader& reader, RoomLog& room) {
  for (Seq from{0};;) {
    const auto stored = read_as<store::Checkpoints>(reader, store::ReadCheckpoints{room.room, from, kRecordsPerQuery});
    if (!stored) return tl::unexpected(stored.error());
    for (const auto& checkpoint : stored->checkpoints) {
      const auto decoded = log::decode_checkpoint(checkpoint.bytes.view());
      const auto name = "the checkpoint at record " + std::to_string(checkpoint.seq.value());
      if (decoded)
        room.evidence.checkpoints.push_back(*decoded);
      else
        room.damage.push_back(name + " does not decode");
      if (decoded && decoded->seq != checkpoint.seq)
        room.damage.push_back(name + " is about record " + std::to_string(decoded->seq.value()));
      from = Seq{checkpoint.seq.value() + 1};
    }
    if (stored->checkpoints.size() < kRecordsPerQuery) return {};
  }
}

Peer::Result<void> read_snapshot(store::DataFolderReader& reader, RoomLog& room) {
  const auto snapshot = reader.read(store::ReadSnapshot{room.room});
  if (!snapshot) {
    if (snapshot.error().code == store::StoreError::not_found) return {};
    return tl::unexpected(from_store(snapshot.error()));
  }
  const auto& stored = std::get<store::StoredSnapshot>(*snapshot);
  const auto bytes = stored.bytes.view();
  const auto checkpoint = log::decode_checkpoint(stored.checkpoint.view());
  const auto name = "the snapshot at record " + std::to_string(stored.seq.value());
  if (checkpoint)
    room.evidence.snapshot.emplace(*checkpoint, Bytes(bytes.begin(), bytes.end()));
  else
    room.damage.push_back(name + " has a checkpoint that does not decode");
  if (checkpoint && checkpoint->seq != stored.seq)
    room.damage.push_back(name + " has a checkpoint about record " + std::to_string(checkpoint->seq.value()));
  return {};
}

Peer::Result<void> read_proofs(store::DataFolderReader& reader, RoomLog& room) {
  const auto stored = read_as<store::Equivocations>(reader, store::ReadEquivocations{room.room});
  if (!stored) return tl::unexpected(stored.error());
  for (const auto& [author, proof] : stored->proofs)
    room.evidence.equivocations.emplace_back(author, Bytes(proof.view().begin(), proof.view().end()));
  return {};
}

Peer::Result<void> read_marks(store::DataFolderReader& reader, RoomLog& room) {
  auto stored = read_as<store::Marks>(reader, store::ReadMarks{room.room});
  if (!stored) return tl::unexpected(stored.error());
  room.evidence.marks = std::move(stored->marks);
  return {};
}

/// A running hub goes on writing meanwhile. What speaks about records is read first and the log's end last, so that
/// nothing can speak of a record that is not read.
Peer::Result<RoomLog> describe_room(store::DataFolderReader& reader, const store::RoomInfo& info) {
  RoomLog room;
  room.room = info.room;
  room.name = info.name;
  room.evidence.room = info.room;
  room.evidence.entry = info;
  for (const auto read : {read_checkpoints, read_snapshot, read_proofs, read_marks})
    if (auto done = read(reader, room); !done) return tl::unexpected(done.error());
  const auto first = read_as<store::RecordRange>(reader, store::ReadRecords{info.room, Seq{1}, 1});
  if (!first) return tl::unexpected(first.error());
  room.head = first->head;
  return room;
}

/// The room's entry behind its records. Where head and size are what they were, nothing was appended, and nothing
/// archived, which would make the log smaller.
Peer::Result<store::RoomInfo> entry_after(store::DataFolderReader& reader, const store::RoomInfo& before,
                                          const store::RecordRange& last) {
  if (last.head == before.head && last.log_bytes == before.log_bytes) return before;
  const auto rooms = read_as<store::RoomList>(reader, store::ListRooms{});
  if (!rooms) return tl::unexpected(rooms.error());
  for (const auto& info : rooms->rooms)
    if (info.room == before.room) return info;
  return fail(ExitCode::verification, "the room's entry went out of the store while its records were read");
}

/// Of a folder whose first records were archived, so that the log itself does not tell.
std::optional<HubKey> own_key_of(const std::string& folder) {
  const auto key = client::load_identity(folder + "/hub.key");
  if (!key) return std::nullopt;
  return key->public_key<HubKey>();
}

}  // namespace

Peer::Result<void> read_logs_of_folder(const std::string& folder, bool check_damage,
                                       const std::function<void(const RoomLog&)>& begin, const TakeRecord& take,
                                       const EndRoom& end) {
  auto reader = store::DataFolderReader::open(folder);
  if (!reader) return tl::unexpected(from_store(reader.error()));
  std::vector<std::string> damage;
  if (check_damage) {
    auto found = reader->verify();
    if (!found) return tl::unexpected(from_store(found.error()));
    damage = std::move(*found);
  }
  const auto rooms = read_as<store::RoomList>(*reader, store::ListRooms{});
  if (!rooms) return tl::unexpected(rooms.error());
  const auto hub_beside = own_key_of(folder);
  for (const auto& info : rooms->rooms) {
    auto room = describe_room(*reader, info);
    if (!room) return tl::unexpected(room.error());
    room->damage.insert(room->damage.end(), damage.begin(), damage.end());
    room->evidence.hub_beside = hub_beside;
    begin(*room);
    store::RecordRange last;
    for (std::uint64_t from = 1; from <= room->head.value();) {
      auto range = read_as<store::RecordRange>(*reader, store::ReadRecords{info.room, Seq{from}, kRecordsPerQuery});
      if (!range) return tl::unexpected(range.error());
      if (range->records.empty())
        return fail(ExitCode::verification, "record " + std::to_string(from) + " is missing from the store");
      for (const auto& record : range->records)
        if (record.seq <= room->head) take(record);
      from = range->records.back().seq.value() + 1;
      last = std::move(*range);
    }
    const auto entry = entry_after(*reader, info, last);
    if (!entry) return tl::unexpected(entry.error());
    end(*entry);
  }
  return {};
}

Peer::Result<void> read_log_by_link(const Context& context, const std::string& link,
                                    const std::function<void(const RoomLog&)>& begin, const TakeRecord& take) {
  PeerOptions options;
  options.link = link;
  options.writer = false;
  options.keep_state = false;
  options.joins = false;
  options.keep_signed_snapshot = true;
  auto opened = Peer::open(context, options);
  if (!opened) return tl::unexpected(opened.error());
  auto& peer = **opened;
  std::optional<client::History> answer;
  peer.on_event([&](const client::Event& event) {
    if (const auto* history = std::get_if<client::History>(&event)) answer = *history;
  });
  if (auto ready = peer.wait_caught_up(); !ready) return ready;
  RoomLog room;
  room.room = peer.session().room();
  room.name = peer.session().replica().room_name();
  room.head = peer.session().confirmed_head();
  room.expected_state_hash = peer.session().confirmed_state_hash();
  room.evidence.room = room.room;
  // The session has believed nothing that another key than the link's fingerprint signed; the log must agree with it.
  room.evidence.hub = peer.client().link().hub;
  if (const auto& signed_snapshot = peer.session().signed_snapshot())
    room.evidence.snapshot.emplace(signed_snapshot->checkpoint, signed_snapshot->bytes);
  begin(room);
  for (std::uint64_t next = 1; next <= room.head.value();) {
    answer.reset();
    const auto query = peer.session().query_history(Seq{next}, kRecordsPerQuery);
    if (!query) return fail(ExitCode::failed, query.error().message);
    if (auto got = peer.wait([&] { return answer.has_value(); }, std::chrono::seconds{30}); !got) return got;
    if (answer->refusal) return fail(ExitCode::denied, answer->refusal->text);
    if (answer->records.empty()) return fail(ExitCode::failed, "the hub has no record " + std::to_string(next));
    for (const auto& record : answer->records) {
      if (record.seq > room.head) break;
      const auto& header = record.packet.header;
      take({record.seq, header.author, header.nonce, record.header_hash, record.record_hash,
            SharedBytes(log::encode_record(record))});
    }
    next = answer->records.back().seq.value() + 1;
  }
  return {};
}

}  // namespace theta::cli
