#pragma once

#include <optional>
#include <string>
#include <vector>

#include "column.h"
#include "theta/scene/scene.h"

namespace theta::scene {

/// Whether `set` and `load` write this register: any but existence and parent, with an application id only where one
/// belongs.
[[nodiscard]] inline bool is_settable(const RegisterKey& key) {
  return key.component > Component::parent && key.component <= Component::application &&
         (key.application == 0 || key.component == Component::application);
}

/// The values of all components but existence and parent, by row. Keeps no hash and no history; its callers do.
///
/// `component` is never existence or parent here, and `application` is 0 for all but application components.
class Registers {
 public:
  /// Null when never written.
  [[nodiscard]] std::optional<Version> version(Row row, Component component, std::uint64_t application) const;
  [[nodiscard]] ComponentValue value(Row row, Component component, std::uint64_t application) const;
  /// Appends the value in canonical form, presence byte first. Precondition: the register was written.
  void encode(Row row, Component component, std::uint64_t application, Bytes& out) const;
  /// Precondition: `is_value_of(value, component)`.
  void write(Row row, Component component, std::uint64_t application, ComponentValue&& value, Version version);
  /// As `write`; false, and nothing happens, when the register was written before.
  bool write_first(Row row, Component component, std::uint64_t application, ComponentValue&& value, Version version);
  /// Forgets the register altogether. Precondition: it was written.
  void erase(Row row, Component component, std::uint64_t application);
  /// Appends the keys of all registers of the row that were written, ascending.
  void list(Row row, ObjectId entity, std::vector<RegisterKey>& keys) const;

  [[nodiscard]] const Column<std::string>& names() const { return names_; }
  [[nodiscard]] const Column<Transform>& transforms() const { return transforms_; }
  [[nodiscard]] Column<Transform>& transforms() { return transforms_; }
  [[nodiscard]] const Column<AssetId>& meshes() const { return meshes_; }
  [[nodiscard]] const Column<Material>& materials() const { return materials_; }
  [[nodiscard]] const Column<std::uint8_t>& visibilities() const { return visibilities_; }
  [[nodiscard]] const Column<TagSet>& tags() const { return tags_; }
  [[nodiscard]] const Column<Light>& lights() const { return lights_; }
  [[nodiscard]] const Column<Camera>& cameras() const { return cameras_; }
  [[nodiscard]] const ApplicationColumn& applications() const { return applications_; }

  /// Bytes of names, tags and application components: what an entity has without a bound of its own. Kept up to date.
  [[nodiscard]] std::size_t variable_bytes() const { return variable_bytes_; }

  void reserve(Component component, std::size_t cells, std::size_t rows);
  void shrink();
  /// Bytes of the values as such, as their canonical form has them, without sizes and presence.
  [[nodiscard]] std::size_t payload_bytes() const;
  /// All bytes held, the heap's included.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  /// Calls `visit` with the column of a component that has one value an entity.
  template <class Self, class Visit>
  static decltype(auto) with_column(Self& self, Component component, Visit&& visit);

  Column<std::string> names_;
  Column<Transform> transforms_;
  Column<AssetId> meshes_;
  Column<Material> materials_;
  Column<std::uint8_t> visibilities_;
  Column<TagSet> tags_;
  Column<Light> lights_;
  Column<Camera> cameras_;
  ApplicationColumn applications_;
  std::size_t variable_bytes_ = 0;
};

}  // namespace theta::scene
