// Tokens that are void before they expire.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::jwt {

inline constexpr size_t kMaxRevocationFileBytes = 16 << 20;
inline constexpr size_t kMaxRevocations = 100'000;

// A file that an operator or a tool keeps:
//   {"tokens":   [{"product": "acme", "jti": "t-1"}],
//    "subjects": [{"product": "acme", "sub": "u-7", "issued_before": 1795334400}]}
// Both lists may be missing. Immutable after it was built, so thread-safe.
class RevocationList {
 public:
  RevocationList() = default;
  // INVALID_ARGUMENT "subjects[3].sub: ..." for anything else: a list that is half understood would let tokens through.
  static absl::StatusOr<RevocationList> Parse(std::string_view json);

  // token_id: "" when the token has none. issued: InfinitePast when it does not say: a revoked subject's is then
  // revoked.
  bool Revokes(std::string_view product, std::string_view subject, std::string_view token_id, absl::Time issued) const;
  size_t size() const { return tokens_.size() + subjects_.size(); }

 private:
  using Name = std::pair<std::string, std::string>;  // Product and id.
  std::set<Name> tokens_;
  std::map<Name, absl::Time> subjects_;  // Issued before.
};

}  // namespace trivium::jwt
