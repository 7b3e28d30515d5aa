#include "usage_error.h"

#include <algorithm>

namespace theta::cli {

namespace {

/// "theta log", as typed.
std::string full_name(const CLI::App& command) {
  return command.get_parent() == nullptr ? "theta" : full_name(*command.get_parent()) + " " + command.get_name();
}

std::string names_of_commands(const CLI::App& command) {
  std::string names;
  for (const auto* each : command.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : ", ") + each->get_name();
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string lower_first(std::string text) {
  // Names of arguments, such as LINK, stay as they are.
  const bool is_a_word = text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && (text[1] < 'A' || text[1] > 'Z');
  if (is_a_word) text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const auto help = "; \"" + full_name(*command) + " --help\" tells what there is";
  const bool is_an_option_unknown = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (command->get_require_subcommand_min() > 0 && !is_an_option_unknown) {
    // What is not understood was left with the app, whatever command it stood behind.
    const auto rest = app.remaining(true);
    const auto typed = std::find_if(rest.begin(), rest.end(), [](const std::string& word) { return word[0] != '-'; });
    const auto expected = "expected a subcommand of " + full_name(*command) + ": " + names_of_commands(*command);
    if (typed != rest.end()) return expected + "; got \"" + *typed + "\"";
    if (rest.empty()) return expected + "; got none";
    return "there is no option " + rest.front() + help;
  }
  // CLI11 lists them last to first.
  if (is_an_option_unknown) return "not expected: " + joined(app.remaining(true)) + help;
  std::string text = lower_first(error.what());
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text + help;
}

}  // namespace theta::cli
