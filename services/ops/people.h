// Who may sign in. The set may be replaced while the process runs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"
#include "services/ops/domain/roles.h"

namespace trivium::ops {

struct Person {
  std::string name, password_hash;
  Viewer viewer;
  std::string credential;  // Digest of password_hash: a session made with another one is over.
};

// Thread-safe.
class People {
 public:
  using Map = std::map<std::string, Person>;
  explicit People(Map people) : people_(std::make_shared<const Map>(std::move(people))) {}
  void Replace(Map people);
  std::optional<Person> Find(std::string_view name) const;

 private:
  mutable Mutex mu_;
  std::shared_ptr<const Map> people_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::ops
