#include "services/push/domain/audience_plan.h"

#include <algorithm>
#include <utility>

namespace trivium::push {
namespace {

using Kind = Audience::Kind;
using Operation = AudiencePlan::Operation;

AudiencePlan Leaf(std::string key, std::optional<std::string> value = std::nullopt) {
  return {.leaf = {std::move(key), std::move(value)}};
}

AudiencePlan AllUsers() { return Leaf(""); }

// An operation on one set is that set.
AudiencePlan Combine(Operation operation, std::vector<AudiencePlan> inputs) {
  if (inputs.size() == 1) return AudiencePlan(std::move(inputs[0]));
  return {.operation = operation, .inputs = std::move(inputs)};
}

AudiencePlan Without(AudiencePlan all, std::vector<AudiencePlan> negatives) {
  if (negatives.empty()) return all;
  std::vector<AudiencePlan> inputs;
  inputs.push_back(std::move(all));
  inputs.push_back(Combine(Operation::kUnion, std::move(negatives)));
  return {.operation = Operation::kExcept, .inputs = std::move(inputs)};
}

AudiencePlan PlanIn(const Audience& a) {
  std::vector<AudiencePlan> leaves;
  for (const std::string& value : a.values) leaves.push_back(Leaf(a.key, value));
  return Combine(Operation::kUnion, std::move(leaves));
}

AudiencePlan PlanAnd(const Audience& a) {
  std::vector<AudiencePlan> positives, negatives;
  for (const Audience& child : a.children) {
    if (child.kind == Kind::kNot) {
      negatives.push_back(PlanOf(child.children[0]));
    } else {
      positives.push_back(PlanOf(child));
    }
  }
  if (positives.empty()) positives.push_back(AllUsers());
  return Without(Combine(Operation::kIntersect, std::move(positives)), std::move(negatives));
}

AudiencePlan PlanOr(const Audience& a) {
  std::vector<AudiencePlan> inputs;
  std::ranges::transform(a.children, std::back_inserter(inputs), PlanOf);
  return Combine(Operation::kUnion, std::move(inputs));
}

}  // namespace

AudiencePlan PlanOf(const Audience& a) {
  switch (a.kind) {
    case Kind::kHas:
      return Leaf(a.key);
    case Kind::kIn:
      return PlanIn(a);
    case Kind::kNot:
      return Without(AllUsers(), {PlanOf(a.children[0])});
    case Kind::kAnd:
      return PlanAnd(a);
    case Kind::kOr:
      return PlanOr(a);
  }
  return AllUsers();
}

absl::StatusOr<std::vector<std::string>> Take(UserStream& stream, const std::string& from, size_t limit) {
  std::vector<std::string> users;
  std::string next = from;
  while (users.size() < limit) {
    const absl::StatusOr<const std::string*> user = stream.Seek(next);
    if (!user.ok()) return user.status();
    if (*user == nullptr) break;
    users.push_back(**user);
    next = After(users.back());
  }
  return users;
}

}  // namespace trivium::push
