#include "line_reader.h"

namespace theta::cli {

void LineReader::add(std::string_view chunk) {
  for (auto end = chunk.find('\n'); end != std::string_view::npos; end = chunk.find('\n')) {
    add_to_line(chunk.substr(0, end));
    end_line();
    chunk.remove_prefix(end + 1);
  }
  add_to_line(chunk);
}

void LineReader::finish() { end_line(); }

void LineReader::add_to_line(std::string_view part) {
  if (is_too_long_) return;
  if (line_.size() + part.size() <= line_bytes_max_) {
    line_.append(part);
    return;
  }
  is_too_long_ = true;
  line_.append(part.substr(0, kBeginningBytes));
  too_long_(std::string_view(line_).substr(0, kBeginningBytes));
  line_.clear();
  line_.shrink_to_fit();
}

void LineReader::end_line() {
  if (line_.find_first_not_of(" \t\r") != std::string::npos) take_(line_);
  line_.clear();
  is_too_long_ = false;
}

}  // namespace theta::cli
