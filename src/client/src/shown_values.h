#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/scene/scene.h"

namespace theta::client {

/// What registers looked like when predictions were taken back, so that, once they stand again, only what looks
/// different is told. Holds about as much as the predictions themselves do.
class ShownValues {
 public:
  /// Replaces what was remembered by these registers of `scene`, repeats included.
  void remember(const scene::Scene& scene, const std::vector<scene::ChangeLog::Change>& changes);
  [[nodiscard]] bool contains(const scene::RegisterKey& key) const;
  /// Visits, ascending, those which look different in `scene`, and forgets all.
  void take_different(const scene::Scene& scene, const std::function<void(const scene::RegisterKey&)>& visit);
  void clear();

 private:
  std::vector<scene::RegisterKey> keys_;  // ascending, without repeats
  std::vector<std::size_t> ends_;         // of each one's value
  Bytes values_;                          // in canonical form, one behind the other
};

}  // namespace theta::client
