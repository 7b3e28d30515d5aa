#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "text.h"
#include "theta/interchange/gltf.h"

namespace theta::interchange {
namespace {

namespace fs = std::filesystem;

/// True when `path` is `folder` or lies below it; both canonical.
bool lies_below(const fs::path& path, const fs::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && !relative.is_absolute() && *relative.begin() != "..";
}

/// True when a part of `path` below `folder`, links followed, begins with a dot; both canonical.
bool is_hidden(const fs::path& path, const fs::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return std::any_of(relative.begin(), relative.end(),
                     [](const fs::path& part) { return part.native().starts_with('.'); });
}

Expected<Bytes, ImportError> read_confined(const fs::path& folder, std::string_view name, std::size_t bytes_max) {
  const auto quoted = "\"" + printable(name, 120) + "\"";
  // The system would read such a name up to the zero only.
  if (name.find('\0') != std::string_view::npos) return fail(ImportError::malformed, quoted + " is no file's name");
  std::error_code error;
  const auto home = fs::canonical(folder, error);
  const auto path = error ? fs::path() : fs::canonical(home / fs::path(name), error);
  if (error) return fail(ImportError::missing_file, quoted + " cannot be read: " + error.message());
  if (!lies_below(path, home)) return fail(ImportError::malformed, quoted + " leads out of the file's folder");
  if (is_hidden(path, home)) return fail(ImportError::malformed, quoted + " leads to a hidden file");
  if (!fs::is_regular_file(path, error)) return fail(ImportError::missing_file, quoted + " is no regular file");
  const auto size = fs::file_size(path, error);
  if (error) return fail(ImportError::missing_file, quoted + " cannot be read: " + error.message());
  if (size > bytes_max)
    return fail(ImportError::too_large,
                quoted + ": expected at most " + std::to_string(bytes_max) + " bytes, got " + std::to_string(size));
  std::ifstream file(path, std::ios::binary);
  Bytes bytes(static_cast<std::size_t>(size));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file || static_cast<std::size_t>(file.gcount()) != bytes.size())
    return fail(ImportError::missing_file, quoted + " cannot be read to its end");
  return bytes;
}

}  // namespace

FileResolver folder_resolver(std::string folder) {
  if (folder.empty()) folder = ".";
  return [home = fs::path(std::move(folder))](std::string_view path,
                                              std::size_t bytes_max) -> Expected<Bytes, ImportError> {
    try {
      return read_confined(home, path, bytes_max);
    } catch (const std::exception& error) {
      return fail(ImportError::missing_file,
                  "\"" + printable(path, 120) + "\" cannot be read: " + printable(error.what(), 120));
    }
  };
}

}  // namespace theta::interchange
