#include "theta/scene/change_log.h"

#include <cstring>

#include "canonical.h"
#include "change_tape.h"
#include "theta/base/check.h"

namespace theta::scene {

namespace {

constexpr std::size_t kFrameBytes = 4 + 1 + 4;
/// What `clear` keeps for the next use.
constexpr std::size_t kKeptBytesMax = std::size_t{1} << 20;

}  // namespace

void ChangeLog::Impl::push(Step step, ByteView body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  const std::size_t at = tape.size();
  tape.resize(at + kFrameBytes + body.size());
  std::uint8_t* out = tape.data() + at;
  std::memcpy(out, &size, 4);
  out[4] = static_cast<std::uint8_t>(step);
  std::memcpy(out + 5, body.data(), body.size());
  std::memcpy(out + 5 + body.size(), &size, 4);
}

ChangeLog::Impl::Entry ChangeLog::Impl::last() const {
  std::uint32_t size = 0;
  std::memcpy(&size, tape.data() + tape.size() - 4, 4);
  std::size_t offset = tape.size() - size - kFrameBytes;
  return next(offset);
}

void ChangeLog::Impl::pop() {
  std::uint32_t size = 0;
  std::memcpy(&size, tape.data() + tape.size() - 4, 4);
  tape.resize(tape.size() - size - kFrameBytes);
}

ChangeLog::Impl::Entry ChangeLog::Impl::next(std::size_t& offset) const {
  std::uint32_t size = 0;
  std::memcpy(&size, tape.data() + offset, 4);
  const Entry entry{static_cast<Step>(tape[offset + 4]), ByteView(tape).subspan(offset + 5, size)};
  offset += kFrameBytes + size;
  return entry;
}

ChangeLog::ChangeLog() : impl_(std::make_unique<Impl>()) {}
ChangeLog::~ChangeLog() = default;
ChangeLog::ChangeLog(ChangeLog&&) noexcept = default;
ChangeLog& ChangeLog::operator=(ChangeLog&&) noexcept = default;

ChangeLog::Mark ChangeLog::mark() const { return impl_->tape.size(); }

void ChangeLog::clear() {
  if (impl_->tape.capacity() > kKeptBytesMax) {
    impl_->tape = Bytes();
  } else {
    impl_->tape.clear();
  }
}

std::vector<ChangeLog::Change> ChangeLog::changes(Mark since) const {
  THETA_CHECK(since <= mark());
  std::vector<Change> changes;
  for (std::size_t offset = since; offset < mark();) {
    const auto entry = impl_->next(offset);
    switch (entry.step) {
      case Step::created:
        changes.push_back({{entry.record<ObjectId>(), Component::existence, 0}, Change::Kind::created});
        break;
      case Step::added: changes.push_back({entry.record<RegisterKey>(), Change::Kind::written}); break;
      case Step::written: {
        ByteReader reader(entry.body);
        changes.push_back({read_element_head(reader).key, Change::Kind::written});
        break;
      }
      case Step::erased: break;
      case Step::destroyed:
        changes.push_back({{entry.record<NodeRecord>().entity, Component::existence, 0}, Change::Kind::destroyed});
        break;
      case Step::moved:
        changes.push_back({{entry.record<NodeRecord>().entity, Component::parent, 0}, Change::Kind::written});
        break;
      case Step::renumbered:
        changes.push_back({{entry.record<OrderRecord>().entity, Component::parent, 0}, Change::Kind::written});
        break;
    }
  }
  return changes;
}

}  // namespace theta::scene
