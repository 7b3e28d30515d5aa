#pragma once

#include <functional>
#include <unordered_map>

#include "theta/base/check.h"
#include "theta/store/log_engine.h"

namespace theta::hub {

/// Gives each answer of the store to whoever asked. Whoever asks must still be there when the answer comes, or ask in
/// a way that finds out (rooms stay while they wait; sessions are looked up again).
class StoreDesk {
 public:
  using Result = store::StoreResult<store::Answer>;
  using Answered = std::function<void(Result&)>;

  explicit StoreDesk(store::LogEngine& engine) : engine_(engine) {}

  void submit(store::Request request, Answered answered);
  void complete(store::Completion& completion);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  store::LogEngine& engine_;
  std::unordered_map<store::Ticket, Answered> waiting_;
};

/// The answer that a request of one kind must have; another one is a fault of the engine.
template <class Answer>
[[nodiscard]] Answer& answer_of(StoreDesk::Result& result) {
  auto* answer = std::get_if<Answer>(&*result);
  THETA_CHECK(answer != nullptr);
  return *answer;
}

}  // namespace theta::hub
