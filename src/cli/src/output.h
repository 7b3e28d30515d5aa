#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "exit_code.h"

namespace theta::cli {

/// Ordered, so that lines read the same each time.
using Json = nlohmann::ordered_json;

/// What others chose, names above all, made safe to print: control characters, also the invisible ones that turn the
/// direction of text, and bytes that are not UTF-8 come out as escapes, so that no terminal obeys them.
[[nodiscard]] std::string printable(std::string_view text);

/// "1 record", "2 records".
[[nodiscard]] std::string counted(std::uint64_t count, const std::string& one, const std::string& many);

/// Results on stdout (sentences, or JSON lines with --json), everything else on stderr.
class Output {
 public:
  void use_json(bool json) { json_ = json; }
  [[nodiscard]] bool is_json() const { return json_; }

  /// One result: `line` for programs, `sentence` for people. Of control characters only line feeds reach a terminal;
  /// where a sentence has several lines, its caller makes names `printable`.
  void result(const Json& line, const std::string& sentence) const;
  /// Machine-readable in either mode: what other programs wait for.
  void event(const Json& line) const;
  /// What happens while a command runs; stderr, in the form of `result`.
  void log(const Json& line, const std::string& sentence) const;
  /// Something to know that is neither a result nor a failure; stderr.
  void note(const std::string& sentence) const;
  /// Prints the error and returns `code` for the caller to return.
  [[nodiscard]] ExitCode fail(ExitCode code, const std::string& sentence) const;
  /// Redrawn in place on a terminal, silent elsewhere; `fraction` 0 to 1.
  void progress(const std::string& what, double fraction) const;

 private:
  bool json_ = false;
};

}  // namespace theta::cli
