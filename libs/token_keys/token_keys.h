// The keys of now: control's config items of kind "token_keys", given to a verifier of tokens.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/jwt/verifier.h"
#include "libs/sync/mutex.h"

namespace trivium::gateway::v1 {
class TokenKeys;
}

namespace trivium {

inline constexpr std::string_view kTokenKeysKind = "token_keys";

// Keys of a product that cannot be used leave its last good ones in use, with a line in the log; an item that is gone
// takes its keys with it. Thread-safe.
class TokenKeys {
 public:
  struct Source {
    std::function<std::vector<std::string>()> products;  // Names of the items.
    std::function<bool(const std::string& product, gateway::v1::TokenKeys* keys)> find;
  };
  struct Observers {  // For metrics; may be empty.
    std::function<void()> on_refusal;
    std::function<void(size_t keys)> on_keys;  // Of all products.
  };
  // verifier outlives it.
  TokenKeys(Source source, jwt::Verifier& verifier, Observers observers);
  // On every change of the source.
  void Refresh();

 private:
  const Source source_;
  jwt::Verifier& verifier_;
  const Observers observers_;
  Mutex mu_;
  std::map<std::string, std::string> good_ ABSL_GUARDED_BY(mu_);  // Serialized TokenKeys, by product.
};

}  // namespace trivium
