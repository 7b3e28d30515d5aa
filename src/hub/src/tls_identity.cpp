#include "tls_identity.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace theta::hub {
namespace {

namespace asio = boost::asio;

// Browsers refuse server certificates that are valid for longer than about this.
constexpr long kValidSeconds = 390L * 24 * 3600;
constexpr long kRenewSeconds = 30L * 24 * 3600;
constexpr long kClockSlackSeconds = 24L * 3600;
constexpr std::size_t kPemBytesMax = 64 * 1024;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

/// OpenSSL's own words for what failed last, and an empty queue for whoever asks next.
std::string openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "unknown" : text;
}

std::optional<std::string> read_small_file(const std::string& name) {
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string text(kPemBytesMax, '\0');
  const auto size = ::read(file, text.data(), text.size());
  ::close(file);
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Certificate parse_certificate(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate result(memory ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  return result;
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  std::string text;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return text;
  constexpr const char* kDigits = "0123456789ABCDEF";
  for (unsigned at = 0; at < size; ++at) {
    if (at != 0) text += ':';
    text += kDigits[digest[at] >> 4];
    text += kDigits[digest[at] & 15];
  }
  return text;
}

bool is_numeric(const std::string& name) {
  return name.find(':') != std::string::npos || name.find_first_not_of("0123456789.") == std::string::npos;
}

bool names_host(X509& certificate, const std::string& name) {
  if (is_numeric(name)) return X509_check_ip_asc(&certificate, name.c_str(), 0) == 1;
  return X509_check_host(&certificate, name.c_str(), name.size(), 0, nullptr) == 1;
}

bool add_extension(X509& certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

/// Null when OpenSSL fails, for want of memory or randomness.
Certificate make_certificate(EVP_PKEY& key, const std::vector<std::string>& names, WallTime now) {
  Certificate certificate(X509_new());
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  const auto seconds = static_cast<time_t>(to_unix_ms(now) / 1000);
  const std::string common_name = "Theta hub";
  auto* subject = X509_get_subject_name(certificate.get());
  std::string alternatives;
  for (const auto& name : names) {
    if (!alternatives.empty()) alternatives.push_back(',');
    alternatives.append(is_numeric(name) ? "IP:" : "DNS:").append(name);
  }
  const bool is_made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1 &&
                       ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds - kClockSlackSeconds) != nullptr &&
                       ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds + kValidSeconds) != nullptr &&
                       X509_set_pubkey(certificate.get(), &key) == 1 &&
                       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                  reinterpret_cast<const unsigned char*>(common_name.data()),
                                                  static_cast<int>(common_name.size()), -1, 0) == 1 &&
                       X509_set_issuer_name(certificate.get(), subject) == 1 &&
                       add_extension(*certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                       add_extension(*certificate, NID_key_usage, "critical,digitalSignature") &&
                       add_extension(*certificate, NID_ext_key_usage, "serverAuth") &&
                       add_extension(*certificate, NID_subject_alt_name, alternatives) &&
                       X509_sign(certificate.get(), &key, EVP_sha256()) > 0;
  return is_made ? std::move(certificate) : nullptr;
}

std::string pem_of(const Memory& memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

bool write_file(const std::string& name, const std::string& text, mode_t mode) {
  const auto temporary = name + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file < 0) return false;
  const bool is_written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                          ::fchmod(file, mode) == 0 && ::fsync(file) == 0;
  ::close(file);
  return is_written && ::rename(temporary.c_str(), name.c_str()) == 0;
}

/// Whether what is in the files can go on being used.
bool is_good(const SelfSigned& files, const std::vector<std::string>& names, WallTime now) {
  const auto pem = read_small_file(files.certificate_file);
  if (!pem || !read_small_file(files.key_file)) return false;
  const auto certificate = parse_certificate(*pem);
  if (!certificate) return false;
  time_t renew_at = static_cast<time_t>(to_unix_ms(now) / 1000) + kRenewSeconds;
  if (X509_cmp_time(X509_get0_notAfter(certificate.get()), &renew_at) <= 0) return false;
  return std::all_of(names.begin(), names.end(), [&](const auto& name) { return names_host(*certificate, name); });
}

ServerResult<void> make_files(const SelfSigned& files, const std::vector<std::string>& names, WallTime now) {
  const PrivateKey key(EVP_EC_gen("P-256"));
  const auto certificate = key ? make_certificate(*key, names, now) : nullptr;
  const Memory key_pem(BIO_new(BIO_s_mem()));
  const Memory certificate_pem(BIO_new(BIO_s_mem()));
  if (!certificate || !key_pem || !certificate_pem ||
      PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_pem.get(), certificate.get()) != 1)
    return fail(ServerError::tls, "A self-signed certificate cannot be made: " + openssl_reason() + ".");
  if (!write_file(files.key_file, pem_of(key_pem), 0600) ||
      !write_file(files.certificate_file, pem_of(certificate_pem), 0644))
    return fail(ServerError::folder, "The self-signed certificate " + files.certificate_file +
                                         " cannot be written: " + std::strerror(errno) + ".");
  return {};
}

}  // namespace

ServerResult<std::shared_ptr<asio::ssl::context>> make_tls_context(const std::string& certificate_file,
                                                                   const std::string& key_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  auto* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  boost::system::error_code error;
  for (const auto& file : {certificate_file, key_file})
    if (!read_small_file(file))
      return fail(ServerError::file, "The TLS file " + file + " cannot be read: " + std::strerror(errno) + ".");
  const auto refuse = [&](const std::string& what) {
    ERR_clear_error();
    return fail(ServerError::tls, what + ": " + error.message() + ".");
  };
  // Or OpenSSL would ask at the terminal, and the hub would wait there. A key behind a password is one that cannot be
  // used.
  context->set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); });
  context->use_certificate_chain_file(certificate_file, error);
  if (error) return refuse("The TLS certificate " + certificate_file + " cannot be used; expected a chain in PEM");
  context->use_private_key_file(key_file, asio::ssl::context::pem, error);
  if (error)
    return refuse("The TLS key " + key_file +
                  " cannot be used; expected the certificate's key in PEM, without a password");
  if (SSL_CTX_check_private_key(native) != 1)
    return fail(ServerError::tls, "The TLS key " + key_file + " does not belong to the certificate " +
                                      certificate_file + ": " + openssl_reason() + ".");
  if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(native))) <= 0)
    return fail(ServerError::tls, "The TLS certificate " + certificate_file + " has expired; renew it.");
  return context;
}

ServerResult<SelfSigned> keep_self_signed(const std::string& data_folder, const std::vector<std::string>& names,
                                          WallTime now) {
  SelfSigned files{data_folder + "/tls.crt", data_folder + "/tls.key", {}};
  if (!is_good(files, names, now))
    if (auto made = make_files(files, names, now); !made) return tl::unexpected(std::move(made.error()));
  const auto pem = read_small_file(files.certificate_file);
  const auto certificate = pem ? parse_certificate(*pem) : nullptr;
  if (!certificate)
    return fail(ServerError::tls, "The certificate " + files.certificate_file + " cannot be read; remove it.");
  files.fingerprint = fingerprint_of(*certificate);
  return files;
}

}  // namespace theta::hub
