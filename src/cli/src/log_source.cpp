#include "log_source.h"

#include "theta/store/data_folder_reader.h"

namespace theta::cli {

namespace {

constexpr std::uint32_t kRecordsPerQuery = 1024;

Failure<ExitCode> from_store(const Failure<store::StoreError>& failure) {
  const auto code = failure.code == store::StoreError::corrupt ? ExitCode::verification : ExitCode::bad_input;
  return {code, failure.message};
}

template <class Expected>
Peer::Result<Expected> read_as(store::DataFolderReader& reader, const store::Request& request) {
  auto answer = reader.read(request);
  if (!answer) return tl::unexpected(from_store(answer.error()));
  return std::get<Expected>(std::move(*answer));
}

Peer::Result<RoomLog> describe_room(store::DataFolderReader& reader, const store::RoomInfo& info) {
  RoomLog room;
  room.room = info.room;
  room.name = info.name;
  room.head = info.head;
  for (Seq from{0};;) {
    const auto stored = read_as<store::Checkpoints>(reader, store::ReadCheckpoints{info.room, from, kRecordsPerQuery});
    if (!stored) return tl::unexpected(stored.error());
    for (const auto& checkpoint : stored->checkpoints) {
      const auto decoded = log::decode_checkpoint(checkpoint.bytes.view());
      if (decoded)
        room.checkpoints.push_back(*decoded);
      else
        room.damage.push_back("the checkpoint at record " + std::to_string(checkpoint.seq.value()) +
                              " does not decode");
      from = Seq{checkpoint.seq.value() + 1};
    }
    if (stored->checkpoints.size() < kRecordsPerQuery) break;
  }
  auto snapshot = reader.read(store::ReadSnapshot{info.room});
  if (snapshot) {
    const auto& stored = std::get<store::StoredSnapshot>(*snapshot);
    if (const auto checkpoint = log::decode_checkpoint(stored.checkpoint.view()))
      room.snapshot.emplace(*checkpoint, Bytes(stored.bytes.view().begin(), stored.bytes.view().end()));
  } else if (snapshot.error().code != store::StoreError::not_found) {
    return tl::unexpected(from_store(snapshot.error()));
  }
  return room;
}

}  // namespace

Peer::Result<void> read_logs_of_folder(const std::string& folder, bool check_damage,
                                       const std::function<void(const RoomLog&)>& begin, const TakeRecord& take,
                                       const std::function<void()>& end) {
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
  for (const auto& info : rooms->rooms) {
    auto room = describe_room(*reader, info);
    if (!room) return tl::unexpected(room.error());
    room->damage.insert(room->damage.end(), damage.begin(), damage.end());
    begin(*room);
    for (std::uint64_t from = 1; from <= info.head.value();) {
      const auto range =
          read_as<store::RecordRange>(*reader, store::ReadRecords{info.room, Seq{from}, kRecordsPerQuery});
      if (!range) return tl::unexpected(range.error());
      if (range->records.empty())
        return fail(ExitCode::verification, "record " + std::to_string(from) + " is missing from the store");
      for (const auto& record : range->records) take(record.bytes.view());
      from = range->records.back().seq.value() + 1;
    }
    end();
  }
  return {};
}

Peer::Result<void> read_log_by_link(const Context& context, const std::string& link,
                                    const std::function<void(const RoomLog&)>& begin, const TakeRecord& take) {
  PeerOptions options;
  options.link = link;
  options.writer = false;
  options.keep_state = false;
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
      take(log::encode_record(record));
    }
    next = answer->records.back().seq.value() + 1;
  }
  return {};
}

}  // namespace theta::cli
