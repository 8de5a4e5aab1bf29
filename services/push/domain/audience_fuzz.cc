// Any bytes as an audience expression: none may crash or hang; what parses has a canonical form that parses to the
// same, and a plan that finds the users whom the reference finds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/push/domain/audience_samples.h"

namespace trivium::push {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void FuzzAudience(std::string_view text) {
  static const UsersWithTags* const users = [] {
    std::mt19937_64 random(1);
    return new UsersWithTags(RandomUsers(random, 40));
  }();
  Audience audience, again;
  const AudienceError error = ParseAudience(text, &audience);
  if (!error.problem.empty()) return Require(error.position <= text.size());
  Require(ParseAudience(FormatAudience(audience), &again).problem.empty());
  Require(audience == again);
  MapReader reader(*users);
  const auto found = Take(*Open(PlanOf(audience), reader, 3), "", users->size());
  Require(found.ok() && *found == UsersWhoMatch(audience, *users));
}

}  // namespace
}  // namespace trivium::push

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  trivium::push::FuzzAudience({reinterpret_cast<const char*>(data), size});
  return 0;
}
