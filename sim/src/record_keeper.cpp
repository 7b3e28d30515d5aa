#include "record_keeper.h"

#include <cstdio>

namespace theta::sim {

void RecordKeeper::log(std::string_view who, std::string_view what) {
  const double seconds = std::chrono::duration<double>(now_.time_since_epoch()).count();
  char time[32];
  std::snprintf(time, sizeof time, "%12.6f ", seconds);
  std::string line(time);
  line.append(who).append(": ").append(what);
  // FNV-1a: the trace of a run in eight bytes, to tell whether two runs were the same.
  for (const char letter : line) hash_ = (hash_ ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3ULL;
  if (trace_) trace_(line);
  lines_.push_back(std::move(line));
  if (lines_.size() > kLinesKept) lines_.pop_front();
}

void RecordKeeper::violate(std::string_view checker, std::string sentence) {
  if (violation_) return;
  log(checker, "VIOLATION: " + sentence);
  violation_ = Violation{std::string(checker), std::move(sentence)};
}

}  // namespace theta::sim
