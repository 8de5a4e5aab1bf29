// The keys that may sign: per product, by key id.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/jwt/key.h"

namespace trivium::jwt {

// A product needs two while it changes keys; more are a list that nobody cleans up.
inline constexpr size_t kMaxKeysPerProduct = 4;
inline constexpr size_t kMaxKeyFileBytes = 64 << 10;

// A file with keys of a product. Several files of a product are added up.
struct KeySource {
  std::string product;
  std::string path;    // *.pem: one public key; any other name: a JWK set (RFC 7517) or a single JWK.
  std::string key_id;  // Of a PEM file; "" elsewhere: a JWK has its own "kid".
};

// Immutable after it was built, so thread-safe.
class KeySet {
 public:
  // Reads all files or none: INVALID_ARGUMENT or NOT_FOUND "<path>: keys[1]: ..." for a file that can't be read, a key
  // without id, an id that a product has twice, a private key, an algorithm or use that is not ours, too many keys, or
  // no key at all.
  static absl::StatusOr<KeySet> Read(const std::vector<KeySource>& sources);
  // Adds the keys of one JWK set or JWK. Errors as above, without the path.
  absl::Status AddJwks(const std::string& product, std::string_view json);
  absl::Status AddPem(const std::string& product, const std::string& key_id, std::string_view pem);

  // nullptr when there is none. A token without key id gets the product's only key, if it has just one.
  const PublicKey* Find(std::string_view product, std::string_view key_id) const;
  size_t size() const;

 private:
  absl::Status Add(const std::string& product, const std::string& key_id, absl::StatusOr<PublicKey> key);

  using ById = std::map<std::string, PublicKey, std::less<>>;
  std::map<std::string, ById, std::less<>> by_product_;
};

}  // namespace trivium::jwt
