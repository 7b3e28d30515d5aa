#include "journal.h"

#include <algorithm>

#include "theta/base/limits.h"
#include "theta/scene/canonical.h"

namespace theta::replica {

namespace {

void append_version(ByteWriter& writer, const scene::Version& version) {
  writer.put(version.raw_stamp());
  writer.put(version.raw_writer());
}

scene::Version read_version(ByteReader& reader) {
  const auto stamp = reader.get<std::uint64_t>();
  const auto writer = reader.get<std::uint64_t>();
  return scene::Version::from_raw(stamp, writer);
}

void append_register(ByteWriter& writer, Bytes& out, const scene::RegisterKey& key, const scene::ComponentValue& value,
                     const scene::Version& version) {
  writer.put(key.entity.value());
  writer.put(static_cast<std::uint8_t>(key.component));
  writer.put(key.application);
  append_version(writer, version);
  scene::append_canonical(value, out);
}

struct ReadRegister {
  scene::RegisterKey key;
  scene::Version version;
  scene::ComponentValue value;
};

std::optional<ReadRegister> read_register(ByteReader& reader) {
  ReadRegister result;
  result.key.entity = ObjectId{reader.get<std::uint64_t>()};
  const auto component = reader.get<std::uint8_t>();
  result.key.application = reader.get<std::uint64_t>();
  result.version = read_version(reader);
  const bool is_value_register = component > 0 && component < scene::kComponentCount;
  if (!reader.ok() || !is_value_register) return std::nullopt;
  result.key.component = static_cast<scene::Component>(component);
  if (result.key.application != 0 && result.key.component != scene::Component::application) return std::nullopt;
  auto value = scene::read_canonical(reader, result.key.component);
  if (!value) return std::nullopt;
  // An entity always hangs somewhere.
  const bool hangs_nowhere =
      result.key.component == scene::Component::parent && !std::holds_alternative<scene::Place>(*value);
  if (hangs_nowhere) return std::nullopt;
  result.value = std::move(*value);
  return result;
}

void append_image(ByteWriter& writer, Bytes& out, const scene::Scene::EntityImage& image) {
  writer.put(image.entity.value());
  append_version(writer, image.existence);
  append_version(writer, image.parent_version);
  writer.put(image.place.parent.value());
  writer.put(image.place.order);
  writer.put_varint(image.cells.size());
  for (const auto& cell : image.cells) append_register(writer, out, cell.key, cell.value, cell.version);
}

constexpr std::size_t kCellsPerEntityMax = scene::kComponentCount + limits::kAppComponentsPerEntityMax;

std::optional<scene::Scene::EntityImage> read_image(ByteReader& reader) {
  scene::Scene::EntityImage image;
  image.entity = ObjectId{reader.get<std::uint64_t>()};
  image.existence = read_version(reader);
  image.parent_version = read_version(reader);
  image.place.parent = ObjectId{reader.get<std::uint64_t>()};
  image.place.order = reader.get<std::uint64_t>();
  const auto cells = reader.get_varint();
  if (!reader.ok() || cells > kCellsPerEntityMax || image.entity == kNoObject) return std::nullopt;
  for (std::uint64_t at = 0; at < cells; ++at) {
    auto cell = read_register(reader);
    if (!cell || cell->key.entity != image.entity || cell->key.component == scene::Component::parent)
      return std::nullopt;
    image.cells.push_back({cell->key, std::move(cell->value), cell->version});
  }
  return image;
}

/// Reads a count that `smallest_element` bytes each must still be there for, so that a lie allocates nothing.
std::optional<std::size_t> read_count(ByteReader& reader, std::size_t smallest_element, std::size_t limit) {
  const auto count = reader.get_varint();
  if (!reader.ok() || count > limit || count > reader.remaining() / smallest_element) return std::nullopt;
  return static_cast<std::size_t>(count);
}

struct Weight {
  std::size_t operator()(const std::string& text) const { return text.size(); }
  std::size_t operator()(const Bytes& bytes) const { return bytes.size(); }
  std::size_t operator()(const scene::TagSet& tags) const {
    std::size_t weight = 0;
    for (const auto& tag : tags) weight += tag.size() + 4;
    return weight;
  }
  template <class Fixed>
  std::size_t operator()(const Fixed& value) const {
    return sizeof value;
  }
};

constexpr std::size_t kRegisterWeight = 40;
constexpr std::size_t kWritersWeight = 16;

/// The kind in an entry's bytes, beside `JournalEntry::Kind`: a write whose cells tell their writers.
constexpr std::uint8_t kWriteWithWriters = 3;

bool tells_writers(const JournalEntry& entry) { return !entry.cells.empty() && entry.cells.front().own_writer != 0; }

// What falls out of a journal is replicated state, so every machine must weigh alike.
static_assert(sizeof(scene::Transform) == 40 && sizeof(AssetId) == 32 && sizeof(scene::Material) == 208 &&
              sizeof(scene::Light) == 32 && sizeof(scene::Camera) == 28 && sizeof(scene::Place) == 16 &&
              sizeof(bool) == 1 && sizeof(std::monostate) == 1);

}  // namespace

std::size_t weight_of(const scene::ComponentValue& value) { return kRegisterWeight + std::visit(Weight{}, value); }

std::size_t weight_of(const scene::Scene::EntityImage& image) {
  std::size_t weight = 64;
  for (const auto& cell : image.cells) weight += weight_of(cell.value);
  return weight;
}

std::size_t weight_of(const JournalEntry& entry) {
  std::size_t weight = 32 + entry.roots.size() * 8;
  for (const auto& cell : entry.cells) weight += weight_of(cell);
  for (const auto& image : entry.images) weight += weight_of(image);
  return weight;
}

std::size_t weight_of(const JournalEntry::Cell& cell) {
  return weight_of(cell.other) + (cell.own_writer != 0 ? kWritersWeight : 0);
}

void append_entry(const JournalEntry& entry, Bytes& out) {
  ByteWriter writer(out);
  writer.put_varint(entry.place.nonce.value());
  writer.put_varint(entry.place.index);
  const bool with_writers = tells_writers(entry);
  writer.put(with_writers ? kWriteWithWriters : static_cast<std::uint8_t>(entry.kind));
  writer.put(static_cast<std::uint8_t>(entry.undone ? 1 : 0));
  writer.put_varint(entry.toggled_at.value());
  writer.put_varint(entry.toggled_by.nonce.value());
  writer.put_varint(entry.toggled_by.index);
  writer.put_varint(entry.cells.size());
  for (const auto& cell : entry.cells) {
    append_register(writer, out, cell.key, cell.other, cell.held);
    if (!with_writers) continue;
    writer.put(cell.own_writer);
    writer.put(cell.writer_before);
  }
  writer.put_varint(entry.roots.size());
  for (const auto root : entry.roots) writer.put(root.value());
  writer.put_varint(entry.images.size());
  for (const auto& image : entry.images) append_image(writer, out, image);
}

std::optional<JournalEntry> read_entry(ByteReader& reader) {
  JournalEntry entry;
  entry.place.nonce = Nonce{reader.get_varint()};
  const auto index = reader.get_varint();
  const auto kind = reader.get<std::uint8_t>();
  const auto undone = reader.get<std::uint8_t>();
  entry.toggled_at = Seq{reader.get_varint()};
  entry.toggled_by.nonce = Nonce{reader.get_varint()};
  const auto toggled_index = reader.get_varint();
  const auto cells = read_count(reader, 34, limits::kTargetsPerCommandMax * 2);
  const bool places_fit = index < limits::kCommandsPerPacketMax && toggled_index < limits::kCommandsPerPacketMax;
  if (!cells || !places_fit || kind > kWriteWithWriters || undone > 1) return std::nullopt;
  const bool with_writers = kind == kWriteWithWriters;
  // Else it would be written as another kind.
  if (with_writers && *cells == 0) return std::nullopt;
  entry.toggled_by.index = static_cast<std::uint16_t>(toggled_index);
  entry.place.index = static_cast<std::uint16_t>(index);
  entry.kind = with_writers ? JournalEntry::Kind::write : static_cast<JournalEntry::Kind>(kind);
  entry.undone = undone == 1;
  for (std::size_t at = 0; at < *cells; ++at) {
    auto cell = read_register(reader);
    if (!cell) return std::nullopt;
    entry.cells.push_back({cell->key, std::move(cell->value), cell->version});
    if (!with_writers) continue;
    entry.cells.back().own_writer = reader.get<std::uint64_t>();
    entry.cells.back().writer_before = reader.get<std::uint64_t>();
    if (entry.cells.back().own_writer == 0) return std::nullopt;
  }
  const auto roots = read_count(reader, 8, limits::kSubtreeEntitiesMax);
  if (!roots) return std::nullopt;
  for (std::size_t at = 0; at < *roots; ++at) entry.roots.push_back(ObjectId{reader.get<std::uint64_t>()});
  const auto images = read_count(reader, 57, limits::kSubtreeEntitiesMax);
  if (!images) return std::nullopt;
  for (std::size_t at = 0; at < *images; ++at) {
    auto image = read_image(reader);
    if (!image) return std::nullopt;
    entry.images.push_back(std::move(*image));
  }
  if (!reader.ok()) return std::nullopt;
  return entry;
}

std::size_t Journal::lower_bound(CommandPlace place) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), place,
                       [](const JournalEntry& entry, const CommandPlace& wanted) { return entry.place < wanted; });
  return static_cast<std::size_t>(found - entries_.begin());
}

void Journal::push_back(JournalEntry entry) {
  bytes_ += entry.bytes;
  entries_.push_back(std::move(entry));
}

JournalEntry Journal::pop_back() {
  auto entry = std::move(entries_.back());
  entries_.pop_back();
  bytes_ -= entry.bytes;
  return entry;
}

void Journal::push_front(JournalEntry entry) {
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
}

JournalEntry Journal::pop_front() {
  auto entry = std::move(entries_.front());
  entries_.pop_front();
  bytes_ -= entry.bytes;
  return entry;
}

JournalEntry Journal::replace(std::size_t index, JournalEntry entry) {
  bytes_ += entry.bytes;
  bytes_ -= entries_[index].bytes;
  std::swap(entries_[index], entry);
  return entry;
}

}  // namespace theta::replica
