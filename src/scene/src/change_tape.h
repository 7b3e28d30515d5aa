#pragma once

#include <cstdint>
#include <type_traits>

#include "theta/base/bytes.h"
#include "theta/scene/change_log.h"

namespace theta::scene {

/// How a scene goes back, one kind for each thing that it can do.
enum class Step : std::uint8_t {
  created,     // ObjectId
  added,       // RegisterKey: the register had never been written
  written,     // preimage (canonical.h) of what the register held
  erased,      // the same, for a register that went with its entity
  destroyed,   // NodeRecord
  moved,       // NodeRecord
  renumbered,  // OrderRecord
};

/// Where an entity was. `previous`, the sibling before it, makes going back cost the same however many siblings there
/// are.
struct NodeRecord {
  ObjectId entity;
  ObjectId parent;
  ObjectId previous;
  std::uint64_t order = 0;
  Version existence;
  Version parent_version;
};

struct OrderRecord {
  ObjectId entity;
  std::uint64_t order = 0;
};

/// A tape of records that is read from either end: size u32, step u8, body, size u32. A mark is an offset. A transform
/// takes 83 bytes.
struct ChangeLog::Impl {
  Bytes tape;

  void push(Step step, ByteView body);
  template <class Record>
  void push_record(Step step, const Record& record) {
    static_assert(std::is_trivially_copyable_v<Record>);
    push(step, {reinterpret_cast<const std::uint8_t*>(&record), sizeof record});
  }
  struct Entry {
    Step step;
    ByteView body;  // borrows from the tape
    template <class Record>
    [[nodiscard]] Record record() const {
      Record value;
      std::memcpy(&value, body.data(), sizeof value);
      return value;
    }
  };
  /// Precondition: the tape is not empty.
  [[nodiscard]] Entry last() const;
  void pop();
  /// The entry at `offset`; moves `offset` behind it.
  [[nodiscard]] Entry next(std::size_t& offset) const;
};

}  // namespace theta::scene
