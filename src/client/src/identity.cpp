#include "theta/client/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sodium.h>

#include "theta/base/check.h"
#include "theta/base/hex.h"

namespace theta::client {
namespace {

constexpr std::size_t kHexDigits = 64;

tl::unexpected<Failure<ClientError>> key_failure(const std::string& path, const std::string& what) {
  return fail(ClientError::identity, "the key file " + path + " " + what);
}

}  // namespace

crypto::Seed random_seed() {
  THETA_CHECK(sodium_init() >= 0);
  crypto::Seed seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  return seed;
}

ClientResult<crypto::KeyPair> create_identity(const std::string& path) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return key_failure(path, errno == EEXIST ? "exists already; choose another name, a key is never overwritten"
                                             : std::string("cannot be made: ") + std::strerror(errno));
  const auto seed = random_seed();
  auto text = to_hex(seed.bytes) + "\n";
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  ::close(file);
  sodium_memzero(text.data(), text.size());
  if (written) return crypto::KeyPair::from_seed(seed);
  ::unlink(path.c_str());
  return key_failure(path, std::string("cannot be written: ") + std::strerror(errno));
}

ClientResult<crypto::KeyPair> load_identity(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return key_failure(path, std::string("cannot be opened: ") + std::strerror(errno));
  struct stat status {};
  const bool is_private = ::fstat(file, &status) == 0 && (status.st_mode & 077) == 0;
  char text[kHexDigits + 2] = {};
  const auto size = ::read(file, text, sizeof text);
  ::close(file);
  if (!is_private) return key_failure(path, "may be read by others; run chmod 600 on it, or make a new key");
  const bool fits = size == kHexDigits || (size == kHexDigits + 1 && text[kHexDigits] == '\n');
  const auto bytes = fits ? from_hex(std::string_view(text, kHexDigits)) : std::nullopt;
  sodium_memzero(text, sizeof text);
  if (!bytes) return key_failure(path, "does not hold 64 hexadecimal digits and nothing else");
  crypto::Seed seed;
  std::copy(bytes->begin(), bytes->end(), seed.bytes.begin());
  return crypto::KeyPair::from_seed(seed);
}

ClientResult<crypto::KeyPair> load_or_create_identity(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) ? load_identity(path) : create_identity(path);
}

}  // namespace theta::client
