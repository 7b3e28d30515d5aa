#include "http_table.h"

#include <algorithm>

#include "theta/base/check.h"

namespace theta::hub {
namespace {

transport::SourceKey owner_of(const transport::SocketAddress& remote) {
  return transport::network_of(remote).value_or(transport::source_of(remote));
}

}  // namespace

void HttpTable::add(HttpConnectionBase& connection) {
  THETA_CHECK(!connection.is_listed_);
  auto& own = by_owner_[owner_of(connection.remote_)];
  connection.place_ = own.insert(own.end(), &connection);
  connection.used_at_ = ++uses_;
  connection.is_listed_ = true;
  ++size_;
}

void HttpTable::remove(HttpConnectionBase& connection) {
  if (!connection.is_listed_) return;
  const auto own = by_owner_.find(owner_of(connection.remote_));
  own->second.erase(connection.place_);
  if (own->second.empty()) by_owner_.erase(own);
  connection.is_listed_ = false;
  --size_;
}

void HttpTable::note_use(HttpConnectionBase& connection) {
  if (!connection.is_listed_) return;
  auto& own = by_owner_[owner_of(connection.remote_)];
  own.splice(own.end(), own, connection.place_);
  connection.used_at_ = ++uses_;
}

HttpConnectionBase& HttpTable::next_to_go() const {
  THETA_CHECK(size_ != 0);
  const auto most = std::max_element(by_owner_.begin(), by_owner_.end(), [](const auto& a, const auto& b) {
    if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
    return a.second.front()->used_at_ > b.second.front()->used_at_;
  });
  return *most->second.front();
}

std::vector<HttpConnectionBase*> HttpTable::all() const {
  std::vector<HttpConnectionBase*> result;
  for (const auto& [owner, own] : by_owner_) result.insert(result.end(), own.begin(), own.end());
  return result;
}

}  // namespace theta::hub
