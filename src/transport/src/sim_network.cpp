#include "theta/transport/sim_network.h"

#include <utility>

#include "sim_core.h"
#include "theta/base/check.h"

namespace theta::transport {

SimEndpoint::SimEndpoint(SimCore& core, EventSink& sink, std::string name, std::size_t index)
    : core_(core), sink_(&sink), name_(std::move(name)), index_(index) {}

PeerId SimEndpoint::connect(SimEndpoint& to) { return core_.connect(*this, to); }

SendResult SimEndpoint::send(PeerId peer, Lane lane, const SharedBytes& message) {
  return core_.send(*this, peer, lane, message);
}

void SimEndpoint::close(PeerId peer, CloseReason reason, std::string text) {
  core_.close(*this, peer, reason, std::move(text));
}

std::size_t SimEndpoint::queued_bytes(PeerId peer, Lane lane) const {
  const auto* direction = core_.direction_of(*this, peer);
  return direction == nullptr ? 0 : direction->lanes[static_cast<std::size_t>(lane)].queued_bytes;
}

PeerStats SimEndpoint::peer_stats(PeerId peer) const { return core_.stats_of(*this, peer); }

void SimEndpoint::crash() {
  if (!is_running()) return;
  sink_ = nullptr;
  core_.crash(*this);
}

void SimEndpoint::restart(EventSink& sink) {
  THETA_CHECK(!is_running());
  sink_ = &sink;
  core_.restart(*this);
}

void SimEndpoint::set_read_bytes_per_second(std::optional<std::uint64_t> rate) {
  read_bytes_per_second_ = rate;
  read_busy_until_ = core_.now();
  core_.resume_reading(*this);
}

SimNetwork::SimNetwork(const SimOptions& options, std::uint64_t seed)
    : core_(std::make_unique<SimCore>(options, seed)) {}
SimNetwork::~SimNetwork() = default;

SimEndpoint& SimNetwork::add_endpoint(EventSink& sink, std::string name) {
  return core_->add_endpoint(sink, std::move(name));
}
MonotonicTime SimNetwork::now() const { return core_->now(); }
std::optional<MonotonicTime> SimNetwork::next_event_time() const { return core_->next_event_time(); }
void SimNetwork::advance_to(MonotonicTime time) { core_->advance_to(time); }
const SimCounters& SimNetwork::counters() const { return core_->counters(); }

void SimNetwork::set_link(const SimEndpoint& a, const SimEndpoint& b, const LinkOptions& link) {
  core_->set_link(a, b, link);
}
const LinkOptions& SimNetwork::link(const SimEndpoint& a, const SimEndpoint& b) const { return core_->link(a, b); }
void SimNetwork::set_partitioned(const SimEndpoint& a, const SimEndpoint& b, bool partitioned) {
  core_->set_direction_blocked(a, b, partitioned);
  core_->set_direction_blocked(b, a, partitioned);
}
void SimNetwork::set_direction_blocked(const SimEndpoint& from, const SimEndpoint& to, bool blocked) {
  core_->set_direction_blocked(from, to, blocked);
}
void SimNetwork::heal_all_partitions() { core_->heal_all_partitions(); }
void SimNetwork::reset_connections(const SimEndpoint& a, const SimEndpoint& b) { core_->reset_connections(a, b); }

}  // namespace theta::transport
