#include "editor_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "http_fields.h"
#include "theta/base/hex.h"
#include "theta/crypto/hash.h"

namespace theta::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kContentTypes{{
    {".css", "text/css; charset=utf-8"},
    {".glb", "model/gltf-binary"},
    {".hdr", "image/vnd.radiance"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".ttf", "font/ttf"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
}};

std::string content_type_of(std::string_view path) {
  const auto dot = path.rfind('.');
  const auto ending = dot == std::string_view::npos ? std::string_view() : path.substr(dot);
  for (const auto& [known, type] : kContentTypes)
    if (known == ending) return std::string(type);
  return "application/octet-stream";
}

struct FoundFile {
  std::string path;  // in the folder, beginning with '/'
  std::string name;  // on the disk
};

ServerResult<std::vector<FoundFile>> list_files(const std::string& folder) {
  std::vector<FoundFile> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const auto name = entry->path().filename().string();
    // A link could lead anywhere, and a name that begins with a dot was not meant for the world.
    const bool is_link = entry->is_symlink(error);
    const bool is_deep = entry.depth() + 1 >= static_cast<int>(EditorFiles::kDepthMax);
    const bool is_folder = !is_link && entry->is_directory(error);
    if (is_folder && (name.starts_with('.') || is_deep)) entry.disable_recursion_pending();
    if (is_link || is_folder || name.starts_with('.') || !entry->is_regular_file(error)) continue;
    if (found.size() == EditorFiles::kFilesMax)
      return fail(ServerError::editor, "The editor's folder " + folder + " has more than " +
                                           std::to_string(EditorFiles::kFilesMax) +
                                           " files; name the folder that the web build made.");
    found.push_back({entry->path().string().substr(folder.size()), entry->path().string()});
  }
  if (error) return fail(ServerError::editor, "The editor's folder " + folder + " cannot be read: " + error.message());
  return found;
}

/// Nothing when it cannot be read, or is no regular file any more.
std::optional<Bytes> read_file(const std::string& name, std::size_t bytes_max) {
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  struct stat info {};
  std::optional<Bytes> bytes;
  if (::fstat(file, &info) == 0 && S_ISREG(info.st_mode) && static_cast<std::size_t>(info.st_size) <= bytes_max) {
    bytes.emplace(static_cast<std::size_t>(info.st_size));
    std::size_t filled = 0;
    while (filled < bytes->size()) {
      const auto size = ::read(file, bytes->data() + filled, bytes->size() - filled);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) break;
      filled += static_cast<std::size_t>(size);
    }
    if (filled != bytes->size()) bytes.reset();
  }
  ::close(file);
  return bytes;
}

}  // namespace

bool is_hashed_name(std::string_view path) {
  constexpr std::size_t kHashLetters = 8;
  constexpr std::string_view kSmall = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kOthers = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
  if (!path.starts_with("/assets/")) return false;
  auto name = path.substr(path.rfind('/') + 1);
  if (name.find('.') == std::string_view::npos) return false;
  name = name.substr(0, name.find('.'));
  if (name.size() <= kHashLetters + 1 || name[name.size() - kHashLetters - 1] != '-') return false;
  const auto hash = name.substr(name.size() - kHashLetters);
  // A word of eight small letters is a word; the rare hash that looks so is merely asked for again.
  return hash.find_first_of(kOthers) != std::string_view::npos &&
         hash.find_first_not_of(std::string(kSmall) + std::string(kOthers)) == std::string_view::npos;
}

ServerResult<EditorFiles> EditorFiles::read(const std::string& folder) {
  auto trimmed = folder;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  auto found = list_files(trimmed);
  if (!found) return tl::unexpected(std::move(found.error()));
  std::set<std::string> paths;
  for (const auto& file : *found) paths.insert(file.path);
  EditorFiles result;
  std::size_t total = 0;
  for (const auto& file : *found) {
    auto bytes = read_file(file.name, kBytesMax - total);
    if (!bytes)
      return fail(ServerError::editor, "The editor's file " + file.name +
                                           " cannot be read, or the folder has more than " +
                                           std::to_string(kBytesMax >> 20) + " MiB in all.");
    total += bytes->size();
    SharedBytes shared(std::move(*bytes));
    const auto plain_path = file.path.substr(0, file.path.size() - 3);
    const bool has_plain = file.path.size() > 3 && paths.count(plain_path) != 0;
    if (has_plain && file.path.ends_with(".br")) {
      result.files_[plain_path].brotli = std::move(shared);
    } else if (has_plain && file.path.ends_with(".gz")) {
      result.files_[plain_path].gzip = std::move(shared);
    } else {
      result.files_[file.path].plain = std::move(shared);
    }
  }
  for (auto& [path, file] : result.files_) {
    constexpr std::size_t kTagBytes = 12;
    file.content_type = content_type_of(path);
    file.etag = to_base64url(crypto::hash256(file.plain.view()).view().first(kTagBytes));
    file.cache_control = is_hashed_name(path) ? "public, max-age=31536000, immutable" : "no-cache";
  }
  if (result.find("/index.html") == nullptr)
    return fail(ServerError::editor, "The editor's folder " + folder +
                                         " has no index.html; name the folder that the web build made, with --editor.");
  return result;
}

const EditorFile* EditorFiles::find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

HttpAnswer EditorFiles::answer(const EditorFile& file, const HttpRequest& request) {
  HttpAnswer answer;
  answer.content_type = file.content_type;
  answer.cache_control = file.cache_control;
  auto etag = file.etag;
  answer.body = file.plain;
  const auto encode = [&](const SharedBytes& bytes, const char* coding) {
    if (bytes.empty() || !answer.fields.empty() || !accepts_encoding(request.accept_encoding, coding)) return;
    answer.body = bytes;
    answer.fields.emplace_back("Content-Encoding", coding);
    etag += std::string("-") + coding;
  };
  encode(file.brotli, "br");
  encode(file.gzip, "gzip");
  if (!file.brotli.empty() || !file.gzip.empty()) answer.fields.emplace_back("Vary", "Accept-Encoding");
  etag = "\"" + etag + "\"";
  if (names_etag(request.if_none_match, etag)) {
    answer.status = 304;
    answer.body = {};
  }
  answer.fields.emplace_back("ETag", etag);
  return answer;
}

}  // namespace theta::hub
