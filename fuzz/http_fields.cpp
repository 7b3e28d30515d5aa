#include "http_fields.h"
#include "fuzz_input.h"
#include "own_names.h"

// The first line is what a request would have as its target, Host and every other field at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta::hub;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  const auto first = text.substr(0, end);
  const auto rest = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (const auto target = parse_target(first)) {
    THETA_CHECK(target->path.starts_with('/'));
    THETA_CHECK((target->path + "/").find("/../") == std::string::npos);
    THETA_CHECK((target->path + "/").find("/./") == std::string::npos);
    THETA_CHECK(target->path.find('\0') == std::string::npos && target->path.find('\\') == std::string::npos);
    THETA_CHECK(target->authority.empty() || is_host(target->authority));
  }
  // What is no server's name can never be spelled into a redirect or an origin.
  if (is_host(first)) THETA_CHECK(first.find_first_of(" \r\n\t<>\"/@") == std::string_view::npos);
  const OwnNames names(false, std::string(rest), std::string(first));
  (void)names.has(first);
  if (OwnNames().allows(first, rest)) THETA_CHECK(is_host(first.substr(first.find("://") + 3)));
  (void)accepts_encoding(first, "br");
  (void)names_etag(first, rest);
  (void)has_token(first, rest);
  (void)is_media_type(first, "application/sdp");
  return 0;
}
