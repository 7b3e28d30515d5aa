#pragma once

#include <functional>
#include <string>
#include <vector>

#include "theta/transport/transport.h"

namespace theta::transport::testing {

/// Keeps every event with a copy of its message; `on_each` lets a test act from within.
class RecordingSink final : public EventSink {
 public:
  struct Entry {
    Event event;
    Bytes message;
  };

  void on_event(const Event& event) override {
    entries.push_back({event, Bytes(event.message.begin(), event.message.end())});
    entries.back().event.message = {};
    if (on_each) on_each(event);
  }

  [[nodiscard]] std::vector<std::string> texts(Lane lane) const {
    std::vector<std::string> result;
    for (const auto& entry : entries) {
      if (entry.event.kind != Event::Kind::message || entry.event.lane != lane) continue;
      result.emplace_back(entry.message.begin(), entry.message.end());
    }
    return result;
  }
  [[nodiscard]] const Entry* first(Event::Kind kind) const {
    for (const auto& entry : entries)
      if (entry.event.kind == kind) return &entry;
    return nullptr;
  }
  [[nodiscard]] std::size_t count(Event::Kind kind) const {
    std::size_t result = 0;
    for (const auto& entry : entries) result += entry.event.kind == kind ? 1 : 0;
    return result;
  }

  std::vector<Entry> entries;
  std::function<void(const Event&)> on_each;
};

[[nodiscard]] inline SharedBytes bytes_of(std::string_view text) {
  return SharedBytes(Bytes(text.begin(), text.end()));
}
[[nodiscard]] inline SharedBytes filled(std::size_t size, std::uint8_t value = 'x') {
  return SharedBytes(Bytes(size, value));
}

}  // namespace theta::transport::testing
