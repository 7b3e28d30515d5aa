#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "theta/interchange/gltf.h"

namespace theta::interchange {

/// Thrown inside this module only, by whatever finds the file wrong, and caught in import_gltf(): the JSON and glTF
/// libraries throw anyway, and a check nested ten levels deep reads better without a branch at each.
struct Rejection {
  ImportError code;
  std::string message;
};

[[noreturn]] inline void reject(ImportError code, std::string message) { throw Rejection{code, std::move(message)}; }

/// What was left out; bounded, since each element of a hostile file could add one.
class Warnings {
 public:
  explicit Warnings(std::size_t max) : max_(max) {}

  void add(std::string sentence) {
    if (sentences_.size() < max_) {
      sentences_.push_back(std::move(sentence));
    } else {
      ++dropped_;
    }
  }
  [[nodiscard]] std::vector<std::string> take() {
    if (dropped_ > 0) sentences_.push_back("and " + std::to_string(dropped_) + " more warnings");
    return std::move(sentences_);
  }

 private:
  std::size_t max_;
  std::size_t dropped_ = 0;
  std::vector<std::string> sentences_;
};

/// An amount that is charged before memory is taken.
class Budget {
 public:
  Budget(std::size_t max, const char* what) : rest_(max), max_(max), what_(what) {}

  void charge(std::size_t bytes) {
    if (bytes > rest_)
      reject(ImportError::too_large, std::string(what_) + ": more than " + std::to_string(max_) + " bytes");
    rest_ -= bytes;
  }
  [[nodiscard]] std::size_t rest() const { return rest_; }

 private:
  std::size_t rest_;
  std::size_t max_;
  const char* what_;
};

}  // namespace theta::interchange
