#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "theta/base/ids.h"
#include "theta/scene/components.h"

namespace theta::scene {

/// How to take back what was done to a scene, step by step: a client's optimistic commands are rolled back, re-applied
/// on top of what others did, or dropped; a command that fails half way leaves nothing. Also the list of what changed.
class ChangeLog {
 public:
  using Mark = std::size_t;

  ChangeLog();
  ~ChangeLog();
  ChangeLog(ChangeLog&&) noexcept;
  ChangeLog& operator=(ChangeLog&&) noexcept;

  [[nodiscard]] Mark mark() const;
  [[nodiscard]] bool empty() const { return mark() == 0; }
  /// Forgets how to go back; what has happened stays.
  void clear();

  /// What happened to which register since `mark`, oldest first, repeats included.
  struct Change {
    RegisterKey key;
    enum class Kind : std::uint8_t { created, destroyed, written } kind = Kind::written;
  };
  [[nodiscard]] std::vector<Change> changes(Mark since = 0) const;

 private:
  friend class Scene;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::scene
