#include "content.h"

#include <algorithm>

#include "text.h"

namespace theta::interchange {

Content::Content(const Origin& origin, const CheckedDocument& document)
    : origin_(origin), document_(document), budget_(origin.limits.total_bytes_max, "the file and what it refers to") {
  budget_.charge(origin.file_size);
}

Bytes Content::read_uri(UriUse use, const std::string& uri, const std::string& path) {
  const auto bytes_max = std::min(origin_.limits.file_bytes_max, budget_.rest());
  auto bytes = decode_data_uri(uri, path, bytes_max);
  if (!bytes) {
    const auto file = relative_path(use, uri, path);
    if (!origin_.resolver)
      reject(ImportError::missing_file, path + ": " + printable(file, 80) + " cannot be read: no files are at hand");
    auto read = origin_.resolver(file, bytes_max);
    if (!read) reject(read.error().code, path + ": " + read.error().message);
    if (read->size() > bytes_max)
      reject(ImportError::too_large,
             path + ": " + printable(file, 80) + " is larger than the " + std::to_string(bytes_max) + " bytes allowed");
    bytes = std::move(*read);
  }
  budget_.charge(bytes->size());
  return std::move(*bytes);
}

void Content::load_buffers() {
  const auto& sources = document_.buffers;
  owned_.reserve(sources.size());  // the views point into these
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto path = "buffers[" + std::to_string(i) + "]";
    ByteView bytes;
    if (sources[i].uri) {
      owned_.push_back(read_uri(UriUse::buffer, *sources[i].uri, path + ".uri"));
      bytes = owned_.back();
    } else if (i == 0 && origin_.bin) {
      bytes = *origin_.bin;
    } else {
      reject(ImportError::malformed,
             path + ": expected a uri, or a BIN chunk for the first buffer of a GLB; there is neither");
    }
    if (bytes.size() < sources[i].size_bytes)
      reject(ImportError::malformed, path + ".byteLength: expected at most " + std::to_string(bytes.size()) +
                                         " (the bytes there are), got " + std::to_string(sources[i].size_bytes));
    buffers_.push_back(bytes);
  }
}

}  // namespace theta::interchange
