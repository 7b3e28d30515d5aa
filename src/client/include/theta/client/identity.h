#pragma once

#include <string>

#include "theta/client/error.h"
#include "theta/crypto/keys.h"

namespace theta::client {

/// An author's key in a file: 64 hexadecimal digits (the 32-byte Ed25519 seed) and a newline, mode 0600. Whoever has
/// the file writes as this author. Native only.

/// Fails when the file exists; never overwrites a key.
[[nodiscard]] ClientResult<crypto::KeyPair> create_identity(const std::string& path);
/// Fails when others may read the file.
[[nodiscard]] ClientResult<crypto::KeyPair> load_identity(const std::string& path);
[[nodiscard]] ClientResult<crypto::KeyPair> load_or_create_identity(const std::string& path);
/// 32 unpredictable bytes, for an invite's secret.
[[nodiscard]] crypto::Seed random_seed();

}  // namespace theta::client
