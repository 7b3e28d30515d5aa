#include "registers.h"

#include <algorithm>
#include <type_traits>

#include "canonical.h"
#include "theta/base/check.h"

namespace theta::scene {

namespace {

/// What an allocation costs beside its bytes, with the usual allocators.
constexpr std::size_t kAllocationBytes = 16;

std::size_t heap_bytes(const std::string& text) {
  const std::size_t capacity_inside = std::string().capacity();
  return text.capacity() > capacity_inside ? text.capacity() + 1 + kAllocationBytes : 0;
}

ComponentValue to_value(const std::uint8_t& flag) { return ComponentValue(std::in_place_type<bool>, flag != 0); }
template <class T>
ComponentValue to_value(const T& value) {
  return ComponentValue(std::in_place_type<T>, value);
}

template <class T>
T from_value(ComponentValue& value) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    return static_cast<std::uint8_t>(std::get<bool>(value) ? 1 : 0);
  } else {
    return std::move(std::get<T>(value));
  }
}

std::size_t variable_size(const std::string& text) { return text.size(); }
std::size_t variable_size(const TagSet& tags) {
  std::size_t sum = 0;
  for (const auto& tag : tags) sum += tag.size();
  return sum;
}
template <class Fixed>
std::size_t variable_size(const Fixed&) {
  return 0;
}

bool is_removal(const ComponentValue& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace

// ---- Application components --------------------------------------------------------------------------------------

const std::vector<ApplicationColumn::Entry>* ApplicationColumn::entries(Row row) const {
  const Cell cell = set_.find(row);
  return cell == kNoCell ? nullptr : &lists_[cell];
}

const ApplicationColumn::Entry* ApplicationColumn::find(Row row, std::uint64_t component) const {
  const auto* list = entries(row);
  if (list == nullptr) return nullptr;
  const auto found = std::find_if(list->begin(), list->end(), [&](const Entry& e) { return e.component == component; });
  return found == list->end() ? nullptr : &*found;
}

ApplicationColumn::Entry& ApplicationColumn::entry(Row row, std::uint64_t component) {
  Cell cell = set_.find(row);
  if (cell == kNoCell) {
    lists_.emplace_back();
    cell = set_.insert(row);
  }
  auto& list = lists_[cell];
  auto at = list.begin();
  while (at != list.end() && at->component < component) ++at;
  if (at == list.end() || at->component != component) at = list.insert(at, Entry{component, {}, {}, false});
  return *at;
}

void ApplicationColumn::erase(Row row, std::uint64_t component) {
  auto& list = lists_[set_.find(row)];
  list.erase(std::find_if(list.begin(), list.end(), [&](const Entry& e) { return e.component == component; }));
  if (!list.empty()) return;
  const Cell hole = set_.erase(row);
  if (hole + 1 != lists_.size()) lists_[hole] = std::move(lists_.back());
  lists_.pop_back();
}

std::size_t ApplicationColumn::memory_bytes() const {
  std::size_t sum = set_.memory_bytes() + lists_.capacity() * sizeof(std::vector<Entry>);
  for (const auto& list : lists_) {
    sum += list.capacity() * sizeof(Entry) + kAllocationBytes;
    for (const auto& entry : list)
      if (entry.value.capacity() > 0) sum += entry.value.capacity() + kAllocationBytes;
  }
  return sum;
}

// ---- All components ----------------------------------------------------------------------------------------------

template <class Self, class Visit>
decltype(auto) Registers::with_column(Self& self, Component component, Visit&& visit) {
  switch (component) {
    case Component::name: return visit(self.names_);
    case Component::transform: return visit(self.transforms_);
    case Component::mesh: return visit(self.meshes_);
    case Component::material: return visit(self.materials_);
    case Component::visibility: return visit(self.visibilities_);
    case Component::tags: return visit(self.tags_);
    case Component::light: return visit(self.lights_);
    case Component::camera: return visit(self.cameras_);
    case Component::existence:
    case Component::parent:
    case Component::application: break;
  }
  detail::check_failed("the component has a column", __FILE__, __LINE__);
}

std::optional<Version> Registers::version(Row row, Component component, std::uint64_t application) const {
  if (component == Component::application) {
    const auto* entry = applications_.find(row, application);
    return entry == nullptr ? std::nullopt : std::optional(entry->version);
  }
  return with_column(*this, component, [&](const auto& column) -> std::optional<Version> {
    const Cell cell = column.find(row);
    if (cell == kNoCell) return std::nullopt;
    return column.version(cell);
  });
}

ComponentValue Registers::value(Row row, Component component, std::uint64_t application) const {
  if (component == Component::application) {
    const auto* entry = applications_.find(row, application);
    return entry != nullptr && entry->is_present ? ComponentValue(entry->value) : ComponentValue{};
  }
  return with_column(*this, component, [&](const auto& column) {
    const auto* held = column.get(row);
    return held == nullptr ? ComponentValue{} : to_value(*held);
  });
}

void Registers::encode(Row row, Component component, std::uint64_t application, Bytes& out) const {
  if (component == Component::application) {
    const auto* entry = applications_.find(row, application);
    out.push_back(entry->is_present ? 1 : 0);
    if (entry->is_present) encode_body(out, entry->value);
    return;
  }
  with_column(*this, component, [&](const auto& column) {
    const Cell cell = column.find(row);
    const bool is_present = column.is_present(cell);
    out.push_back(is_present ? 1 : 0);
    if (is_present) encode_body(out, column.value(cell));
  });
}

void Registers::write(Row row, Component component, std::uint64_t application, ComponentValue&& value,
                      Version version) {
  const bool is_present = !is_removal(value);
  if (component == Component::application) {
    auto& entry = applications_.entry(row, application);
    variable_bytes_ -= entry.value.size();
    entry.version = version;
    entry.value = is_present ? std::move(std::get<Bytes>(value)) : Bytes();
    entry.is_present = is_present;
    variable_bytes_ += entry.value.size();
    return;
  }
  with_column(*this, component, [&](auto& column) {
    using Held = std::decay_t<decltype(column.value(0))>;
    const Cell cell = column.find(row);
    auto held = is_present ? from_value<Held>(value) : Held{};
    if (cell != kNoCell) variable_bytes_ -= variable_size(column.value(cell));
    variable_bytes_ += variable_size(held);
    if (cell == kNoCell) {
      column.append(row, std::move(held), is_present, version);
    } else {
      column.write(cell, std::move(held), is_present, version);
    }
  });
}

bool Registers::write_first(Row row, Component component, std::uint64_t application, ComponentValue&& value,
                            Version version) {
  if (component == Component::application) {
    const bool is_written = applications_.find(row, application) != nullptr;
    if (!is_written) write(row, component, application, std::move(value), version);
    return !is_written;
  }
  return with_column(*this, component, [&](auto& column) {
    using Held = std::decay_t<decltype(column.value(0))>;
    if (column.find(row) != kNoCell) return false;
    const bool is_present = !is_removal(value);
    auto held = is_present ? from_value<Held>(value) : Held{};
    variable_bytes_ += variable_size(held);
    column.append(row, std::move(held), is_present, version);
    return true;
  });
}

void Registers::erase(Row row, Component component, std::uint64_t application) {
  if (component == Component::application) {
    variable_bytes_ -= applications_.find(row, application)->value.size();
    return applications_.erase(row, application);
  }
  with_column(*this, component, [&](auto& column) {
    variable_bytes_ -= variable_size(column.value(column.find(row)));
    column.erase(row);
  });
}

void Registers::list(Row row, ObjectId entity, std::vector<RegisterKey>& keys) const {
  for (auto number = static_cast<std::uint8_t>(Component::name);
       number < static_cast<std::uint8_t>(Component::application); ++number) {
    const auto component = static_cast<Component>(number);
    const bool written = with_column(*this, component, [&](const auto& column) { return column.find(row) != kNoCell; });
    if (written) keys.push_back({entity, component, 0});
  }
  if (const auto* entries = applications_.entries(row))
    for (const auto& entry : *entries) keys.push_back({entity, Component::application, entry.component});
}

void Registers::reserve(Component component, std::size_t cells, std::size_t rows) {
  if (component == Component::application) return;
  with_column(*this, component, [&](auto& column) { column.reserve(cells, rows); });
}

void Registers::shrink() {
  names_.shrink();
  transforms_.shrink();
  meshes_.shrink();
  materials_.shrink();
  visibilities_.shrink();
  tags_.shrink();
  lights_.shrink();
  cameras_.shrink();
}

std::size_t Registers::payload_bytes() const {
  const std::size_t sum = transforms_.size() * sizeof(Transform) + meshes_.size() * sizeof(AssetId) +
                          materials_.size() * sizeof(Material) + visibilities_.size() + lights_.size() * sizeof(Light) +
                          cameras_.size() * sizeof(Camera);
  return sum + variable_bytes_;
}

std::size_t Registers::memory_bytes() const {
  std::size_t sum = names_.memory_bytes() + transforms_.memory_bytes() + meshes_.memory_bytes() +
                    materials_.memory_bytes() + visibilities_.memory_bytes() + tags_.memory_bytes() +
                    lights_.memory_bytes() + cameras_.memory_bytes() + applications_.memory_bytes();
  for (const auto& name : names_.values()) sum += heap_bytes(name);
  for (const auto& tags : tags_.values()) {
    if (tags.capacity() > 0) sum += tags.capacity() * sizeof(std::string) + kAllocationBytes;
    for (const auto& tag : tags) sum += heap_bytes(tag);
  }
  return sum;
}

}  // namespace theta::scene
