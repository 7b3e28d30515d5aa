#include "record_ring.h"

#include "theta/base/check.h"

namespace theta::hub {

void RecordRing::reset(Seq head, const Hash256& record_hash) {
  entries_.clear();
  base_ = head;
  base_hash_ = record_hash;
  committed_ = head;
  bytes_ = 0;
  uncommitted_bytes_ = 0;
}

void RecordRing::push(RingEntry entry) {
  bytes_ += cost(entry);
  uncommitted_bytes_ += cost(entry);
  entries_.push_back(std::move(entry));
}

void RecordRing::commit(Seq through) {
  THETA_CHECK(through <= head());
  for (auto seq = committed_.value() + 1; seq <= through.value(); ++seq) {
    const auto* entry = find(Seq{seq});
    THETA_CHECK(entry != nullptr);
    uncommitted_bytes_ -= cost(*entry);
  }
  if (through > committed_) committed_ = through;
}

void RecordRing::drop_uncommitted() {
  while (head() > committed_) {
    bytes_ -= cost(entries_.back());
    entries_.pop_back();
  }
  uncommitted_bytes_ = 0;
}

void RecordRing::trim(std::size_t records_max, std::size_t bytes_max) {
  while (!entries_.empty() && base_ < committed_ && (entries_.size() > records_max || bytes_ > bytes_max)) {
    bytes_ -= cost(entries_.front());
    base_hash_ = entries_.front().record_hash;
    base_ = Seq{base_.value() + 1};
    entries_.pop_front();
  }
}

const RingEntry* RecordRing::find(Seq seq) const {
  if (seq <= base_ || seq > head()) return nullptr;
  return &entries_[seq.value() - base_.value() - 1];
}

std::optional<RecordRing::Found> RecordRing::find(const AuthorKey& author, Nonce nonce) const {
  for (auto seq = head(); seq > base_; seq = Seq{seq.value() - 1}) {
    const auto* entry = find(seq);
    if (entry->nonce == nonce && entry->author == author) return Found{seq, entry};
  }
  return std::nullopt;
}

std::optional<Hash256> RecordRing::record_hash(Seq seq) const {
  if (seq == base_) return base_hash_;
  const auto* entry = find(seq);
  if (entry == nullptr) return std::nullopt;
  return entry->record_hash;
}

}  // namespace theta::hub
