#include "theta/store/inline_engine.h"

#include <utility>

#include "request_executor.h"

namespace theta::store {

struct InlineEngine::State {
  std::unique_ptr<RequestExecutor> executor;
  std::uint64_t last_ticket = 0;
  std::size_t pending = 0;
};

InlineEngine::InlineEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
InlineEngine::~InlineEngine() = default;

StoreResult<std::unique_ptr<InlineEngine>> InlineEngine::open(Options options) {
  auto executor = RequestExecutor::open(
      {std::move(options.database_path), options.database, std::move(options.files), options.keep_uploads_since});
  if (!executor) return tl::unexpected(std::move(executor.error()));
  auto state = std::make_unique<State>();
  state->executor = std::move(*executor);
  return std::unique_ptr<InlineEngine>(new InlineEngine(std::move(state)));
}

Ticket InlineEngine::submit(Request request) {
  const Ticket ticket{++state_->last_ticket};
  state_->executor->accept({ticket, std::move(request)});
  ++state_->pending;
  return ticket;
}

void InlineEngine::poll(std::vector<Completion>& completions) {
  const std::size_t before = completions.size();
  while (state_->executor->has_work()) {
    state_->executor->turn(completions, [] {});
    state_->executor->maintain(!state_->executor->has_work());
  }
  state_->pending -= completions.size() - before;
}

std::size_t InlineEngine::pending() const { return state_->pending; }

}  // namespace theta::store
