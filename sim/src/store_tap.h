#pragma once

#include <functional>
#include <unordered_map>

#include "theta/store/log_engine.h"

namespace theta::sim {

/// Stands between the hub and its store and tells what the store completed: the one moment at which a record becomes a
/// promise.
class StoreTap final : public store::LogEngine {
 public:
  using Durable = std::function<void(const RoomId&, const store::StoredRecord&)>;
  using Failed = std::function<void(const RoomId&)>;
  StoreTap(store::LogEngine& inner, Durable durable, Failed failed)
      : inner_(inner), durable_(std::move(durable)), failed_(std::move(failed)) {}

  store::Ticket submit(store::Request request) override;
  void poll(std::vector<store::Completion>& completions) override;
  [[nodiscard]] std::size_t pending() const override { return inner_.pending(); }

 private:
  struct Write {
    RoomId room;
    std::vector<store::StoredRecord> records;
  };

  store::LogEngine& inner_;
  Durable durable_;
  Failed failed_;
  std::unordered_map<store::Ticket, Write> writes_;
};

}  // namespace theta::sim
