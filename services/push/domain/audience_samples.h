// What tests of audiences share: users in memory, and expressions by chance.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "services/push/domain/audience_plan.h"

namespace trivium::push {

using UsersWithTags = std::map<std::string, Tags>;

// Leaves over users in memory, in pages as small as one likes. Counts the largest page that was asked for.
class MapReader : public AudienceReader {
 public:
  explicit MapReader(const UsersWithTags& users) : users_(users) {}
  absl::StatusOr<std::vector<std::string>> ReadUsers(const AudienceLeaf& leaf, const std::string& from,
                                                     size_t limit) override;
  size_t largest_page() const { return largest_page_; }

 private:
  const UsersWithTags& users_;
  size_t largest_page_ = 0;
};

// An expression in canonical form over the tags of RandomUsers: keys a-d, values 0-3 and 深圳.
Audience RandomAudience(std::mt19937_64& random, int levels);
UsersWithTags RandomUsers(std::mt19937_64& random, int count);

// The reference: every user, held against the expression.
std::vector<std::string> UsersWhoMatch(const Audience& audience, const UsersWithTags& users);

}  // namespace trivium::push
