#include "theta/store/inline_engine.h"

#include <utility>

#include "request_executor.h"
#include "submission_queue.h"

namespace theta::store {

struct InlineEngine::State {
  explicit State(const SubmissionQueue::Bounds& bounds) : queue(bounds) {}

  std::unique_ptr<RequestExecutor> executor;
  SubmissionQueue queue;
  std::vector<Completion> refused;
};

InlineEngine::InlineEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
InlineEngine::~InlineEngine() = default;

StoreResult<std::unique_ptr<InlineEngine>> InlineEngine::open(Options options) {
  const SubmissionQueue::Bounds bounds{options.queue_requests_max, options.queue_bytes_max};
  auto executor = RequestExecutor::open(
      {std::move(options.database_path), options.database, std::move(options.files), options.keep_uploads_since});
  if (!executor) return tl::unexpected(std::move(executor.error()));
  auto state = std::make_unique<State>(bounds);
  state->executor = std::move(*executor);
  return std::unique_ptr<InlineEngine>(new InlineEngine(std::move(state)));
}

Ticket InlineEngine::submit(Request request) {
  auto [ticket, refused] = state_->queue.enter(request);
  if (refused)
    state_->refused.push_back({ticket, tl::unexpected(std::move(*refused))});
  else
    state_->executor->accept({ticket, std::move(request)});
  return ticket;
}

void InlineEngine::poll(std::vector<Completion>& completions) {
  const std::size_t before = completions.size();
  for (auto& completion : state_->refused) completions.push_back(std::move(completion));
  state_->refused.clear();
  while (state_->executor->has_work()) {
    state_->executor->turn(completions, [] {});
    state_->executor->maintain(!state_->executor->has_work());
  }
  for (std::size_t at = before; at < completions.size(); ++at) state_->queue.leave(completions[at].ticket);
}

std::size_t InlineEngine::pending() const { return state_->queue.size(); }

}  // namespace theta::store
