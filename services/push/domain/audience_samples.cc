#include "services/push/domain/audience_samples.h"

#include <algorithm>
#include <utility>

namespace trivium::push {
namespace {

using Kind = Audience::Kind;

const char* const kValues[] = {"0", "1", "2", "3", "深圳"};

bool IsIn(const AudienceLeaf& leaf, const Tags& tags) {
  if (leaf.key.empty()) return true;
  const auto tag = tags.find(leaf.key);
  return tag != tags.end() && (!leaf.value || *leaf.value == tag->second);
}

uint64_t Below(std::mt19937_64& random, uint64_t n) { return random() % n; }
std::string RandomKey(std::mt19937_64& random) { return std::string(1, static_cast<char>('a' + Below(random, 4))); }

Audience RandomTerm(std::mt19937_64& random) {
  Audience term{.key = RandomKey(random)};
  if (Below(random, 3) == 0) return term;
  term.kind = Kind::kIn;
  for (uint64_t i = 0; i <= Below(random, 3); ++i) term.values.emplace_back(kValues[Below(random, 5)]);
  std::ranges::sort(term.values);
  term.values.erase(std::unique(term.values.begin(), term.values.end()), term.values.end());
  return term;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MapReader::ReadUsers(const AudienceLeaf& leaf, const std::string& from,
                                                              size_t limit) {
  largest_page_ = std::max(largest_page_, limit);
  std::vector<std::string> page;
  for (auto it = users_.lower_bound(from); it != users_.end() && page.size() < limit; ++it) {
    if (IsIn(leaf, it->second)) page.push_back(it->first);
  }
  return page;
}

Audience RandomAudience(std::mt19937_64& random, int levels) {
  if (levels == 0 || Below(random, 4) == 0) return RandomTerm(random);
  constexpr Kind kKinds[] = {Kind::kNot, Kind::kAnd, Kind::kOr};
  Audience a{.kind = kKinds[Below(random, 3)]};
  const size_t wanted = a.kind == Kind::kNot ? 1 : 2 + Below(random, 2);
  while (a.children.size() < wanted) {
    Audience child = RandomAudience(random, levels - 1);
    // The parser makes one of what is nested in the same operator.
    if (child.kind != a.kind) a.children.push_back(std::move(child));
  }
  return a;
}

UsersWithTags RandomUsers(std::mt19937_64& random, int count) {
  UsersWithTags users;
  for (int i = 0; i < count; ++i) {
    Tags& tags = users["u" + std::to_string(Below(random, 10000))];
    for (char key = 'a'; key <= 'd'; ++key) {
      if (Below(random, 2) == 0) tags[std::string(1, key)] = kValues[Below(random, 5)];
    }
  }
  return users;
}

std::vector<std::string> UsersWhoMatch(const Audience& audience, const UsersWithTags& users) {
  std::vector<std::string> matching;
  for (const auto& [user, tags] : users) {
    if (Matches(audience, tags)) matching.push_back(user);
  }
  return matching;
}

}  // namespace trivium::push
