// A config source for tests, with the rules of control's releases.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/sync/mutex.h"
#include "services/gateway/commands/command_table.h"
#include "services/gateway/commands/config_source.h"

namespace trivium::gateway {

// Thread-safe.
class FakeConfigSource : public ConfigSource {
 public:
  void Put(const std::string& name, const v1::Command& value, int percentage = 100) {
    MutexLock lock(mu_);
    Item& item = items_[name];
    if (item.percentage == 100) item.previous = item.value;
    item.value = value.SerializeAsString();
    item.percentage = percentage;
    ++generation_;
  }
  // An item of another kind, released to all.
  void PutItem(std::string_view kind, const std::string& name, const google::protobuf::Message& value) {
    MutexLock lock(mu_);
    others_[std::string(kind)][name] = value.SerializeAsString();
    ++generation_;
  }
  void RemoveItem(std::string_view kind, const std::string& name) {
    MutexLock lock(mu_);
    others_[std::string(kind)].erase(name);
    ++generation_;
  }
  void PutDescriptors(const std::string& file_descriptor_set, const std::string& release = "1") {
    MutexLock lock(mu_);
    descriptors_.set_file_descriptor_set(file_descriptor_set);
    descriptors_.set_release(release);
    ++generation_;
  }

  std::vector<std::string> Names(std::string_view kind) const override {
    MutexLock lock(mu_);
    std::vector<std::string> names;
    if (const auto other = others_.find(std::string(kind)); other != others_.end()) {
      for (const auto& [name, value] : other->second) names.push_back(name);
    }
    if (kind != kCommandKind) return names;
    for (const auto& [name, item] : items_) names.push_back(name);
    return names;
  }
  bool Find(std::string_view kind, std::string_view name, std::string_view key,
            google::protobuf::Message* value) const override {
    MutexLock lock(mu_);
    if (kind == kDescriptorsKind)
      return !descriptors_.release().empty() && value->ParseFromString(descriptors_.SerializeAsString());
    if (kind != kCommandKind) {
      const auto other = others_.find(std::string(kind));
      if (other == others_.end()) return false;
      const auto item = other->second.find(std::string(name));
      return item != other->second.end() && value->ParseFromString(item->second);
    }
    const auto found = items_.find(std::string(name));
    if (found == items_.end()) return false;
    const Item& item = found->second;
    const bool released = item.percentage >= 100 || (!key.empty() && ReleaseBucket(name, key) < item.percentage);
    return value->ParseFromString(released ? item.value : item.previous);
  }
  int64_t generation() const override {
    MutexLock lock(mu_);
    return generation_;
  }

 private:
  struct Item {
    std::string value, previous;
    int percentage = 100;
  };
  mutable Mutex mu_;
  std::map<std::string, Item> items_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::map<std::string, std::string>> others_ ABSL_GUARDED_BY(mu_);  // By kind and name.
  v1::ApiDescriptors descriptors_ ABSL_GUARDED_BY(mu_);
  int64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
};

// A command that every check takes: Echo of transcoding_test.proto, for all products.
inline v1::Command GoodCommand() {
  v1::Command command;
  command.set_service("trivium.gateway.testing.EchoService");
  command.set_method("Echo");
  command.set_product("*");
  command.set_auth_scope(v1::AUTH_SCOPE_USER);
  command.set_title_zh("回声");
  command.set_title_en("Echo");
  return command;
}

}  // namespace trivium::gateway
