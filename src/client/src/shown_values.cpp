#include "shown_values.h"

#include <algorithm>

#include "theta/scene/canonical.h"

namespace theta::client {

namespace {

// What one edit of very many entities needed is not kept for the next, which will be small again.
constexpr std::size_t kKeptBytesMax = std::size_t{1} << 20;

template <class Value>
void empty(std::vector<Value>& list) {
  if (list.capacity() * sizeof(Value) > kKeptBytesMax) {
    list = std::vector<Value>();
  } else {
    list.clear();
  }
}

/// An entity comes with its place, which is no register's news of its own then.
void append_shown(const scene::Scene& scene, const scene::RegisterKey& key, Bytes& out) {
  if (key.component != scene::Component::existence) return scene::append_canonical(scene.value(key), out);
  const bool is_there = scene.contains(key.entity);
  scene::append_canonical(is_there ? scene::ComponentValue(scene.place(key.entity)) : scene::ComponentValue(), out);
}

}  // namespace

void ShownValues::remember(const scene::Scene& scene, const std::vector<scene::ChangeLog::Change>& changes) {
  clear();
  keys_.reserve(changes.size());
  for (const auto& change : changes) keys_.push_back(change.key);
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  ends_.reserve(keys_.size());
  for (const auto& key : keys_) {
    append_shown(scene, key, values_);
    ends_.push_back(values_.size());
  }
}

bool ShownValues::contains(const scene::RegisterKey& key) const {
  return std::binary_search(keys_.begin(), keys_.end(), key);
}

void ShownValues::take_different(const scene::Scene& scene,
                                 const std::function<void(const scene::RegisterKey&)>& visit) {
  Bytes now;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < keys_.size(); ++at) {
    now.clear();
    append_shown(scene, keys_[at], now);
    const auto before = ByteView(values_).subspan(begin, ends_[at] - begin);
    if (!std::equal(now.begin(), now.end(), before.begin(), before.end())) visit(keys_[at]);
    begin = ends_[at];
  }
  clear();
}

void ShownValues::clear() {
  empty(keys_);
  empty(ends_);
  empty(values_);
}

}  // namespace theta::client
