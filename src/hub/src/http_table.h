#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "theta/transport/source_key.h"

namespace theta::hub {

/// A connection as the table of them sees it.
class HttpConnectionBase {
 public:
  explicit HttpConnectionBase(const transport::SocketAddress& remote) : remote_(remote) {}
  virtual ~HttpConnectionBase() = default;
  HttpConnectionBase(const HttpConnectionBase&) = delete;
  HttpConnectionBase& operator=(const HttpConnectionBase&) = delete;
  /// Ends it; what is under way on it fails, and with that it goes.
  virtual void drop() = 0;

  [[nodiscard]] const transport::SocketAddress& remote() const { return remote_; }
  /// Whether it waits for a request.
  bool is_idle = false;

 private:
  friend class HttpTable;
  transport::SocketAddress remote_;
  bool is_listed_ = false;
  std::uint64_t used_at_ = 0;  // counts uses, not time
  std::list<HttpConnectionBase*>::iterator place_;
};

/// The connections that there are, and which of them goes when there are too many. Borrows them from `add` to `remove`.
class HttpTable {
 public:
  void add(HttpConnectionBase& connection);
  /// Does nothing for what is not in it.
  void remove(HttpConnectionBase& connection);
  /// It has been of use to somebody just now.
  void note_use(HttpConnectionBase& connection);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Of the IPv4 address or IPv6 /48 that has the most, the one that was of use longest ago; so whoever opens many ends
  /// their own. The table must not be empty.
  [[nodiscard]] HttpConnectionBase& next_to_go() const;
  [[nodiscard]] std::vector<HttpConnectionBase*> all() const;

 private:
  // By address or network; who was of use longest ago comes first.
  std::map<transport::SourceKey, std::list<HttpConnectionBase*>> by_owner_;
  std::size_t size_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace theta::hub
