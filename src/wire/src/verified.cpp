#include "theta/base/limits.h"
#include "theta/wire/schema.h"

namespace theta::wire {
namespace {

constexpr std::size_t kSnapshotBytesMax = std::size_t{1} << 30;
static_assert(kSnapshotBytesMax < FLATBUFFERS_MAX_BUFFER_SIZE);
constexpr flatbuffers::uoffset_t kDepthMax = 32;
// A table that is named once takes at least four bytes, and four more where it is named. A buffer that names tables
// more often than that repeats some, to make a reader work: the verifier counts visits and stops.
constexpr std::size_t kTableBytesMin = 8;
// Likewise for a string in a list of strings: four bytes name it.
constexpr std::size_t kStringReferenceBytes = 4;

flatbuffers::Verifier make_verifier(ByteView bytes) {
  flatbuffers::Verifier::Options options;
  options.max_depth = kDepthMax;
  options.max_tables = static_cast<flatbuffers::uoffset_t>(bytes.size() / kTableBytesMin + 1);
  return flatbuffers::Verifier(bytes.data(), bytes.size(), options);
}

template <class Root>
const Root* verified_root(ByteView bytes, std::size_t bytes_max, const char* identifier) {
  if (bytes.size() > bytes_max || !AlignedBytes::is_aligned(bytes)) return nullptr;
  auto verifier = make_verifier(bytes);
  if (!verifier.VerifyBuffer<Root>(identifier)) return nullptr;
  return flatbuffers::GetRoot<Root>(bytes.data());
}

// The library's verifier counts tables but not strings in lists, so tables that share one long list of strings would
// make it run for a time that is quadratic in the buffer's size. This walk, a step for each table, runs first and
// counts what the verifier would visit. It reads only what the verifier's own primitives have found to lie in the
// buffer.
class StringReferenceCounter {
 public:
  explicit StringReferenceCounter(ByteView bytes)
      : bytes_(bytes), verifier_(make_verifier(bytes)), references_max_(bytes.size() / kStringReferenceBytes) {}

  // False when the payload is not well formed as far as this looks, or names too many strings.
  [[nodiscard]] bool count_payload() {
    const auto* payload = table_at(0);
    if (payload == nullptr) return false;
    const auto* types = list_in<std::uint8_t>(payload, fb::CommandPayload::VT_COMMANDS_TYPE);
    const auto* commands = list_in<flatbuffers::uoffset_t>(payload, fb::CommandPayload::VT_COMMANDS);
    if (types == nullptr || commands == nullptr || types->size() != commands->size()) return false;
    for (flatbuffers::uoffset_t at = 0; at < commands->size(); ++at) {
      const auto type = static_cast<fb::Command>(types->Get(at));
      const bool has_entities = type == fb::Command::CreateEntities;
      if (!has_entities && type != fb::Command::ChangeTags) continue;
      const auto* command = table_at(position(commands->Data()) + at * sizeof(flatbuffers::uoffset_t));
      if (command == nullptr) return false;
      const bool good = has_entities ? count_entities(command)
                                     : count_strings(command, fb::ChangeTags::VT_ADD) &&
                                           count_strings(command, fb::ChangeTags::VT_REMOVE);
      if (!good) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] bool count_entities(const flatbuffers::Table* command) {
    const auto* entities = list_in<flatbuffers::uoffset_t>(command, fb::CreateEntities::VT_ENTITIES);
    if (entities == nullptr) return false;
    for (flatbuffers::uoffset_t at = 0; at < entities->size(); ++at) {
      const auto* entity = table_at(position(entities->Data()) + at * sizeof(flatbuffers::uoffset_t));
      if (entity == nullptr || !count_strings(entity, fb::EntityDescription::VT_TAGS)) return false;
    }
    return true;
  }

  // An absent list names nothing.
  [[nodiscard]] bool count_strings(const flatbuffers::Table* table, flatbuffers::voffset_t field) {
    if (table->GetOptionalFieldOffset(field) == 0) return true;
    const auto* strings = list_in<flatbuffers::uoffset_t>(table, field);
    if (strings == nullptr) return false;
    references_ += strings->size();
    return references_ <= references_max_;
  }

  [[nodiscard]] std::size_t position(const void* at) const {
    return static_cast<std::size_t>(static_cast<const std::uint8_t*>(at) - bytes_.data());
  }

  // Follows the offset that lies at `at` to a table whose header lies in the buffer; null when it does not.
  [[nodiscard]] const flatbuffers::Table* table_at(std::size_t at) {
    const auto offset = verifier_.VerifyOffset(at);
    if (offset == 0) return nullptr;
    const auto* table = bytes_.data() + at + offset;
    if (!verifier_.VerifyTableStart(table)) return nullptr;
    static_cast<void>(verifier_.EndTable());
    return reinterpret_cast<const flatbuffers::Table*>(table);
  }

  template <class Element>
  [[nodiscard]] const flatbuffers::Vector<Element>* list_in(const flatbuffers::Table* table,
                                                            flatbuffers::voffset_t field) {
    const auto field_offset = table->GetOptionalFieldOffset(field);
    if (field_offset == 0) return nullptr;
    const auto at = position(table) + field_offset;
    const auto offset = verifier_.VerifyOffset(at);
    if (offset == 0) return nullptr;
    const auto* list = reinterpret_cast<const flatbuffers::Vector<Element>*>(bytes_.data() + at + offset);
    return verifier_.VerifyVector(list) ? list : nullptr;
  }

  ByteView bytes_;
  flatbuffers::Verifier verifier_;
  std::size_t references_ = 0;
  std::size_t references_max_;
};

// The library's verifier checks that a list's length is aligned, but not that its elements are, which matters for those
// of eight bytes: reading them elsewhere is undefined. The library's builder leaves empty lists unaligned.
template <class Element>
bool elements_are_aligned(const flatbuffers::Vector<Element>* list) {
  return list == nullptr || list->size() == 0 ||
         reinterpret_cast<std::uintptr_t>(list->Data()) % AlignedBytes::kAlignment == 0;
}

template <class Column>
bool versions_are_aligned(const Column* column) {
  return column == nullptr || elements_are_aligned(column->versions());
}

bool is_aligned(const fb::CommandPayload& payload, flatbuffers::uoffset_t at) {
  const void* command = payload.commands()->Get(at);
  const auto targets_of = [command](auto* type) {
    return elements_are_aligned(static_cast<decltype(type)>(command)->targets());
  };
  switch (payload.commands_type()->GetEnum<fb::Command>(at)) {
    case fb::Command::DeleteEntities: return targets_of(static_cast<const fb::DeleteEntities*>(nullptr));
    case fb::Command::DuplicateEntities: return targets_of(static_cast<const fb::DuplicateEntities*>(nullptr));
    case fb::Command::ReparentEntities: return targets_of(static_cast<const fb::ReparentEntities*>(nullptr));
    case fb::Command::ReorderEntities: return targets_of(static_cast<const fb::ReorderEntities*>(nullptr));
    case fb::Command::SetTransform: return targets_of(static_cast<const fb::SetTransform*>(nullptr));
    case fb::Command::TranslateBy: return targets_of(static_cast<const fb::TranslateBy*>(nullptr));
    case fb::Command::RotateBy: return targets_of(static_cast<const fb::RotateBy*>(nullptr));
    case fb::Command::ScaleBy: return targets_of(static_cast<const fb::ScaleBy*>(nullptr));
    case fb::Command::SetMesh: return targets_of(static_cast<const fb::SetMesh*>(nullptr));
    case fb::Command::SetMaterial: return targets_of(static_cast<const fb::SetMaterial*>(nullptr));
    case fb::Command::SetLight: return targets_of(static_cast<const fb::SetLight*>(nullptr));
    case fb::Command::SetCamera: return targets_of(static_cast<const fb::SetCamera*>(nullptr));
    case fb::Command::SetVisibility: return targets_of(static_cast<const fb::SetVisibility*>(nullptr));
    case fb::Command::ChangeTags: return targets_of(static_cast<const fb::ChangeTags*>(nullptr));
    case fb::Command::SetAppComponent: return targets_of(static_cast<const fb::SetAppComponent*>(nullptr));
    case fb::Command::HighlightSelection: {
      const auto* highlight = static_cast<const fb::HighlightSelection*>(command);
      return elements_are_aligned(highlight->add()) && elements_are_aligned(highlight->remove());
    }
    default: return true;
  }
}

bool is_aligned(const fb::Presence& presence) { return elements_are_aligned(presence.dragging()); }

bool is_aligned(const fb::Snapshot& snapshot) {
  if (snapshot.authors() != nullptr)
    for (const auto* author : *snapshot.authors())
      if (!elements_are_aligned(author->selection())) return false;
  return elements_are_aligned(snapshot.entities()) && elements_are_aligned(snapshot.existence()) &&
         elements_are_aligned(snapshot.parents()) && elements_are_aligned(snapshot.tombstones()) &&
         versions_are_aligned(snapshot.names()) && versions_are_aligned(snapshot.transforms()) &&
         versions_are_aligned(snapshot.meshes()) && versions_are_aligned(snapshot.materials()) &&
         versions_are_aligned(snapshot.visibilities()) && versions_are_aligned(snapshot.tags()) &&
         versions_are_aligned(snapshot.lights()) && versions_are_aligned(snapshot.cameras());
}

}  // namespace

const fb::CommandPayload* verified_payload(ByteView bytes) {
  // The walk reads before the verifier does, so it needs the same guards first.
  if (bytes.size() > limits::kPayloadBytesMax || !AlignedBytes::is_aligned(bytes)) return nullptr;
  if (!StringReferenceCounter(bytes).count_payload()) return nullptr;
  const auto* payload = verified_root<fb::CommandPayload>(bytes, limits::kPayloadBytesMax, nullptr);
  if (payload == nullptr) return nullptr;
  for (flatbuffers::uoffset_t at = 0; at < payload->commands()->size(); ++at)
    if (!is_aligned(*payload, at)) return nullptr;
  return payload;
}

const fb::Message* verified_message(ByteView bytes) {
  const auto* message = verified_root<fb::Message>(bytes, limits::kMessageBytesMax, fb::MessageIdentifier());
  if (message == nullptr) return nullptr;
  const auto* presence = message->body_as_Presence();
  return presence == nullptr || is_aligned(*presence) ? message : nullptr;
}

const fb::Snapshot* verified_snapshot(ByteView bytes) {
  const auto* snapshot = verified_root<fb::Snapshot>(bytes, kSnapshotBytesMax, fb::SnapshotIdentifier());
  return snapshot != nullptr && is_aligned(*snapshot) ? snapshot : nullptr;
}

const fb::Presence* verified_presence(ByteView bytes) {
  const auto* presence = verified_root<fb::Presence>(bytes, limits::kPresenceBytesMax, nullptr);
  return presence != nullptr && is_aligned(*presence) ? presence : nullptr;
}

}  // namespace theta::wire
