#include <array>
#include <cstdio>
#include <memory>

#include "benches.h"

namespace theta::bench {

std::optional<nlohmann::json> run_rival(const Options& options, const std::string& script) {
  if (options.rivals_folder.empty()) return std::nullopt;
  const std::string command = "cd '" + options.rivals_folder + "' && node " + script;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return std::nullopt;
  std::string last;
  std::array<char, 4096> line{};
  while (std::fgets(line.data(), line.size(), pipe.get())) last = line.data();
  auto result = nlohmann::json::parse(last, nullptr, false);
  if (result.is_discarded()) {
    std::fprintf(stderr, "the rival %s did not run; './dev bench' installs it with npm\n", script.c_str());
    return std::nullopt;
  }
  return result;
}

}  // namespace theta::bench
