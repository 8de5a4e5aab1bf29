#include "services/ops/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"
#include "services/ops/secret.h"

namespace trivium::ops {
namespace {

constexpr size_t kSaltBytes = 16, kKeyBytes = 32;

struct Cost {
  int log2_n = 15, r = 8, p = 1;
};

struct ParsedHash {
  Cost cost;
  std::string salt, key;
};

absl::StatusOr<std::string> Derive(std::string_view password, const std::string& salt, const Cost& cost) {
  std::string key(kKeyBytes, '\0');
  const uint64_t n = uint64_t{1} << cost.log2_n, r = static_cast<uint64_t>(cost.r), p = static_cast<uint64_t>(cost.p);
  const uint64_t max_memory = 128 * n * r + 128 * r * p + (uint64_t{1} << 20);
  if (EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                     n, r, p, max_memory, reinterpret_cast<unsigned char*>(key.data()), key.size()) != 1) {
    return absl::InternalError("scrypt failed: not enough memory?");
  }
  return key;
}

absl::StatusOr<ParsedHash> Parse(std::string_view hash) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(hash), '$');
  ParsedHash parsed;
  const bool formed = parts.size() == 6 && parts[0] == "scrypt" && absl::SimpleAtoi(parts[1], &parsed.cost.log2_n) &&
                      absl::SimpleAtoi(parts[2], &parsed.cost.r) && absl::SimpleAtoi(parts[3], &parsed.cost.p) &&
                      absl::WebSafeBase64Unescape(parts[4], &parsed.salt) &&
                      absl::WebSafeBase64Unescape(parts[5], &parsed.key);
  if (!formed || parsed.salt.size() != kSaltBytes || parsed.key.size() != kKeyBytes) {
    return absl::InvalidArgumentError("no password hash, want the output of ops --hash_password");
  }
  const Cost& cost = parsed.cost;
  if (cost.log2_n < 14 || cost.log2_n > 17 || cost.r != 8 || cost.p < 1 || cost.p > 4) {
    return absl::InvalidArgumentError("cost of the password hash, want scrypt$14..17$8$1..4$...");
  }
  return parsed;
}

}  // namespace

absl::StatusOr<std::string> HashPassword(std::string_view password) {
  const Cost cost;
  const std::string salt = RandomBytes(kSaltBytes);
  auto key = Derive(password, salt, cost);
  if (!key.ok()) return key.status();
  return absl::StrCat("scrypt$", cost.log2_n, "$", cost.r, "$", cost.p, "$", ToBase64Url(salt), "$", ToBase64Url(*key));
}

absl::Status CheckPasswordHash(std::string_view hash) { return Parse(hash).status(); }

bool VerifyPassword(std::string_view password, std::string_view hash) {
  const auto parsed = Parse(hash);
  if (!parsed.ok()) return false;
  const auto key = Derive(password, parsed->salt, parsed->cost);
  return key.ok() && SameSecret(*key, parsed->key);
}

}  // namespace trivium::ops
