#include "services/ops/people.h"

namespace trivium::ops {

void People::Replace(Map people) {
  auto next = std::make_shared<const Map>(std::move(people));
  MutexLock lock(mu_);
  people_ = std::move(next);
}

std::optional<Person> People::Find(std::string_view name) const {
  std::shared_ptr<const Map> people;
  {
    MutexLock lock(mu_);
    people = people_;
  }
  const auto found = people->find(std::string(name));
  if (found == people->end()) return std::nullopt;
  return found->second;
}

}  // namespace trivium::ops
