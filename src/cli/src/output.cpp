#include "output.h"

#include <unistd.h>

#include <cstdio>

namespace theta::cli {

namespace {

void print_line(std::FILE* stream, const std::string& line) {
  std::fprintf(stream, "%s\n", line.c_str());
  std::fflush(stream);
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

void Output::result(const Json& line, const std::string& sentence) const {
  print_line(stdout, json_ ? dump(line) : printable(sentence, json::LineFeeds::keep));
}

void Output::event(const Json& line) const { print_line(stdout, dump(line)); }

void Output::log(const Json& line, const std::string& sentence) const {
  print_line(stderr, json_ ? dump(line) : printable(sentence));
}

void Output::note(const std::string& sentence) const {
  print_line(stderr, json_ ? dump({{"note", sentence}}) : printable(sentence));
}

ExitCode Output::fail(ExitCode code, const std::string& sentence) const {
  if (json_)
    print_line(stderr, dump({{"error", sentence}, {"exit_code", static_cast<int>(code)}}));
  else
    print_line(stderr, "theta: " + printable(sentence));
  return code;
}

void Output::progress(const std::string& what, double fraction) const {
  if (json_ || isatty(STDERR_FILENO) == 0) return;
  constexpr int kWidth = 30;
  const int filled = static_cast<int>(fraction * kWidth);
  std::string bar(static_cast<std::size_t>(kWidth), ' ');
  bar.replace(0, static_cast<std::size_t>(filled), static_cast<std::size_t>(filled), '#');
  std::fprintf(stderr, "\r%-28.28s [%s] %3d %%%s", what.c_str(), bar.c_str(), static_cast<int>(fraction * 100),
               fraction >= 1 ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace theta::cli
