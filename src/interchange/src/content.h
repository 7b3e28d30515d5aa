#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "checks.h"
#include "theta/base/bytes.h"
#include "uri.h"

namespace theta::interchange {

/// The bytes that a document refers to: the BIN chunk, data URIs, files beside it. Borrows what it is made with.
class Content {
 public:
  struct Origin {
    const std::optional<ByteView>& bin;
    const FileResolver& resolver;
    const ImportLimits& limits;
    std::size_t file_size = 0;
  };
  Content(const Origin& origin, const CheckedDocument& document);

  /// Reads every buffer, and rejects one that is shorter than the document says.
  void load_buffers();
  /// Precondition: buffers are loaded, and the range lies within the checked size of that buffer.
  [[nodiscard]] ByteView buffer_bytes(std::size_t buffer, std::size_t offset, std::size_t size) const {
    return buffers_[buffer].subspan(offset, size);
  }
  /// A file's or data URI's bytes; `path` names the element in a rejection.
  [[nodiscard]] Bytes read_uri(UriUse use, const std::string& uri, const std::string& path);

 private:
  const Origin origin_;
  const CheckedDocument& document_;
  Budget budget_;
  std::vector<Bytes> owned_;
  std::vector<ByteView> buffers_;
};

}  // namespace theta::interchange
