// How a store finds the users whom an audience expression means: operations on sorted sets of user ids over leaves that
// an index answers, page by page, in bounded memory. Evaluation is by streams that can skip (the intersection is a
// leapfrog join: Veldhuizen, "Leapfrog Triejoin", ICDT 2014, section 3.1, for one attribute).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/push/domain/audience.h"

namespace trivium::push {

// A sorted set of users: all of the product, those who have a tag, or those whose tag has a value.
struct AudienceLeaf {
  std::string key;  // Empty: all users.
  std::optional<std::string> value;

  bool operator==(const AudienceLeaf&) const = default;
};

struct AudiencePlan {
  // kExcept: the first input without the second.
  enum class Operation { kLeaf, kIntersect, kUnion, kExcept };
  Operation operation = Operation::kLeaf;
  AudienceLeaf leaf;
  std::vector<AudiencePlan> inputs;

  bool operator==(const AudiencePlan&) const = default;
};

// What stands under NOT is taken away from what stands beside it, and from all users only where nothing does.
AudiencePlan PlanOf(const Audience& audience);

// Where leaves are read.
class AudienceReader {
 public:
  virtual ~AudienceReader() = default;
  // User ids of the leaf that are >= from, ascending by bytes, at most limit; fewer: there are no more.
  virtual absl::StatusOr<std::vector<std::string>> ReadUsers(const AudienceLeaf& leaf, const std::string& from,
                                                             size_t limit) = 0;
};

// Users that one leaf holds in memory at a time. An expression has fewer leaves than characters.
inline constexpr size_t kAudiencePageUsers = 512;

// A sorted set of users to walk through. Not thread-safe.
class UserStream {
 public:
  virtual ~UserStream() = default;
  // The first user >= from; nullptr at the end. It stays valid until the next call. from must not go back.
  virtual absl::StatusOr<const std::string*> Seek(const std::string& from) = 0;
};
// reader outlives the stream.
std::unique_ptr<UserStream> Open(const AudiencePlan& plan, AudienceReader& reader, size_t page = kAudiencePageUsers);

// A sorted set that is read in pages, as AudienceReader does; and what is in one of several sets.
using ReadPage = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& from, size_t limit)>;
std::unique_ptr<UserStream> OpenPages(ReadPage read, size_t page);
std::unique_ptr<UserStream> OpenUnion(std::vector<std::unique_ptr<UserStream>> inputs);

// Greater than user_id, and not greater than any id after it: characters of ids are above '!', and a column that pads
// with spaces to compare holds "u1" for greater than "u1" and a zero byte.
inline std::string After(const std::string& user_id) { return user_id + '!'; }
// Up to limit users >= from.
absl::StatusOr<std::vector<std::string>> Take(UserStream& stream, const std::string& from, size_t limit);

}  // namespace trivium::push
