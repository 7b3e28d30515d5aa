#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace theta::cli {

/// Cuts input into lines as it comes, in bounded memory. A line over the bound is reported once, by its beginning, and
/// passed over; what follows it is read on.
class LineReader {
 public:
  using Take = std::function<void(std::string_view line)>;
  static constexpr std::size_t kLineBytesMax = 16UL * 1024 * 1024;
  /// How much of a line that is too long is shown.
  static constexpr std::size_t kBeginningBytes = 200;

  /// `take` gets every line that is not empty or blank, `too_long` the beginning of every line over the bound.
  LineReader(Take take, Take too_long, std::size_t line_bytes_max = kLineBytesMax)
      : take_(std::move(take)), too_long_(std::move(too_long)), line_bytes_max_(line_bytes_max) {}

  void add(std::string_view chunk);
  /// The input has ended; its last line may lack the line feed.
  void finish();

 private:
  void add_to_line(std::string_view part);
  void end_line();

  Take take_;
  Take too_long_;
  std::size_t line_bytes_max_;
  std::string line_;
  bool is_too_long_ = false;
};

}  // namespace theta::cli
