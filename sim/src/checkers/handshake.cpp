#include <set>

#include "checker.h"

namespace theta::sim {
namespace {

/// A challenge is given once: a login that was recorded is worth nothing.
class HandshakeChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "handshake"; }

  void on_hello(const PeerView& peer, const Hash256& challenge) override {
    if (challenge.is_zero() || !challenges_.insert(challenge).second)
      violate(peer.name + " got a login challenge that was given before.");
  }

 private:
  std::set<Hash256> challenges_;
};

}  // namespace

std::unique_ptr<Checker> make_handshake_checker(RecordKeeper& keeper) {
  return std::make_unique<HandshakeChecker>(keeper);
}

}  // namespace theta::sim
