#pragma once

#include <string>

#include "exit_code.h"
#include "theta/json/json.h"
#include "theta/json/printable.h"

namespace theta::cli {

using json::counted;
using json::Json;
using json::printable;

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
