#include "fuzz_input.h"
#include "theta/log/members.h"

// A record in compact form, read by somebody who knows one author, in slot 4.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta;
  static const log::Members members = [] {
    log::Members result;
    log::Member member;
    member.key.bytes.fill(1);
    member.slot = AuthorSlot{4};
    result.put(member);
    return result;
  }();
  const auto record = log::expand_record({data, size}, Seq{1000}, Hash256{}, members);
  if (!record) return 0;
  const auto* author = members.find(record->packet.header.author);
  const Bytes compact = log::compact_record(*record, author == nullptr ? kNoSlot : author->slot);
  const auto again = log::expand_record(compact, Seq{1000}, Hash256{}, members);
  THETA_CHECK(again.has_value() && again->record_hash == record->record_hash);
  return 0;
}
