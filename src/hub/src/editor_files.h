#pragma once

#include <map>
#include <string>
#include <string_view>

#include "theta/base/result.h"
#include "theta/hub/server.h"

#include "http_message.h"

namespace theta::hub {

/// The editor's files, read into memory once: what is served is what was there at the start (or the last reload), no
/// request can reach outside of the folder, and none waits for a disk.
class EditorFiles {
 public:
  static constexpr std::size_t kFilesMax = 2048;
  static constexpr std::size_t kBytesMax = std::size_t{128} * 1024 * 1024;
  static constexpr std::size_t kDepthMax = 8;

  /// Of a hub that has no editor.
  EditorFiles() = default;
  /// Regular files only: links are not followed, and names that begin with a dot are passed over. Fails when there is
  /// no index.html, or more than the bounds above.
  [[nodiscard]] static ServerResult<EditorFiles> read(const std::string& folder);

  [[nodiscard]] bool empty() const { return files_.empty(); }
  [[nodiscard]] std::size_t size() const { return files_.size(); }
  /// Null when there is no such file. `path` as in `HttpRequest`.
  [[nodiscard]] const struct EditorFile* find(std::string_view path) const;
  /// 200 or 304, in the encoding that the browser takes.
  [[nodiscard]] static HttpAnswer answer(const struct EditorFile& file, const HttpRequest& request);

 private:
  std::map<std::string, struct EditorFile, std::less<>> files_;
};

/// One of its files: plain, and compressed where a sibling of the same name with .br or .gz lay beside it.
struct EditorFile {
  SharedBytes plain;
  SharedBytes brotli;
  SharedBytes gzip;
  std::string content_type;
  std::string etag;  // without quotes
  std::string cache_control;
};

/// A name that has a hash of the content in it ("assets/index-B6f3xQ2a.js"), so that it never stands for anything else.
[[nodiscard]] bool is_hashed_name(std::string_view path);

}  // namespace theta::hub
