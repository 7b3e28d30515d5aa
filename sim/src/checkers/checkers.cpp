#include "checker.h"
#include "theta/base/hex.h"

namespace theta::sim {

Checkers make_checkers(RecordKeeper& keeper, std::chrono::milliseconds settles_within) {
  Checkers checkers;
  checkers.push_back(make_handshake_checker(keeper));
  checkers.push_back(make_authorship_checker(keeper));
  // Before durability, which would only say that the log is another one.
  checkers.push_back(make_chain_checker(keeper));
  checkers.push_back(make_durability_checker(keeper));
  checkers.push_back(make_convergence_checker(keeper));
  checkers.push_back(make_outcome_checker(keeper));
  checkers.push_back(make_settlement_checker(keeper));
  checkers.push_back(make_scene_checker(keeper));
  checkers.push_back(make_queue_checker(keeper));
  checkers.push_back(make_bounds_checker(keeper));
  checkers.push_back(make_role_checker(keeper));
  checkers.push_back(make_asset_checker(keeper));
  checkers.push_back(make_presence_checker(keeper));
  checkers.push_back(make_rollback_checker(keeper));
  checkers.push_back(make_progress_checker(keeper, settles_within));
  return checkers;
}

std::string marker_in(ByteView bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto at = text.find(kMarkerPrefix);
  return at == text.npos ? std::string() : std::string(text.substr(at, kMarkerPrefix.size() + kMarkerDigits));
}

std::string short_name(ByteView bytes) { return to_hex(bytes.first(4)); }

}  // namespace theta::sim
