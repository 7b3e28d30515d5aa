#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "content.h"
#include "model.h"

namespace theta::interchange {

/// Decodes accessors of a checked document: all component types, normalised integers, strides, sparse overlays.
class AccessorReader {
 public:
  AccessorReader(const tinygltf::Model& model, const Content& content) : model_(model), content_(content) {}

  /// `count * components` floats. Precondition: the accessor has that many components. Normalised integers become
  /// fractions (glTF 2.0, section 3.11).
  [[nodiscard]] std::vector<float> floats(std::size_t accessor) const;
  /// Precondition: an unsigned SCALAR accessor.
  [[nodiscard]] std::vector<std::uint32_t> indices(std::size_t accessor) const;

 private:
  const tinygltf::Model& model_;
  const Content& content_;
};

}  // namespace theta::interchange
