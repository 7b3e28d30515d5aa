#pragma once

#include "room.h"

namespace theta::hub {

/// Answers a session's requests on the bulk lane: assets up and down, and the log as stored. Each costs the author's
/// bulk bucket, and only a few of one session are under way at a time, so what waits in memory is bounded.
class BulkDesk {
 public:
  using FindSession = std::function<Session*(transport::PeerId)>;
  BulkDesk(HubContext& context, FindSession find) : context_(context), find_(std::move(find)) {}

  /// False when `message` is not for the bulk lane. A session in no room is refused, and charged.
  bool take(Session& session, const wire::fb::Message& message);
  /// Sends answers that the lane had no room for.
  void on_writable(Session& session);

 private:
  void take_query(Session& session, const wire::fb::AssetQuery& query);
  void take_put(Session& session, const wire::fb::AssetPut& put);
  void take_get(Session& session, const wire::fb::AssetGet& get);
  void take_log_query(Session& session, const wire::fb::LogQuery& query);

  /// False when the author's bucket is empty, and the request refused.
  [[nodiscard]] bool charge(Session& session, std::uint32_t request, double cost_bytes);
  /// False when the request was refused: over the rate, or too many are under way.
  [[nodiscard]] bool begin(Session& session, std::uint32_t request, double cost_bytes);
  /// Asks the store; `answer` makes the message, and is not called when the session has left.
  using MakeAnswer = std::function<SharedBytes(Room&, store::Answer&)>;
  void ask(Session& session, std::uint32_t request, store::Request what, MakeAnswer answer);
  void answer(Session& session, SharedBytes message);

  HubContext& context_;
  FindSession find_;
};

}  // namespace theta::hub
