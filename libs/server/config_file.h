// A service's config: defaults, the file, checks, and the new one at SIGHUP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/sync/mutex.h"

namespace google::protobuf {
class Message;
}

namespace trivium::server {

class ServerOptions;

// Load from one thread; Yaml is thread-safe.
class ConfigFile {
 public:
  using Check = std::function<absl::Status(const google::protobuf::Message&)>;

  // config holds the defaults. Not owned; outlives this.
  explicit ConfigFile(google::protobuf::Message* config);
  ~ConfigFile();
  void SetCheck(Check check) { check_ = std::move(check); }

  // Reads path into config and checks it.
  absl::Status Load(const std::string& path);
  // Reads the file again. The new config, when only reloadable fields differ; config itself stays as it is.
  absl::StatusOr<std::shared_ptr<const google::protobuf::Message>> Reload();
  // As of the last Load or Reload, redacted.
  std::string Yaml() const;

 private:
  absl::Status CheckAll(const google::protobuf::Message& config) const;

  google::protobuf::Message* const config_;
  const std::unique_ptr<const google::protobuf::Message> defaults_;
  Check check_;
  std::string path_;
  mutable Mutex mu_;
  std::shared_ptr<const google::protobuf::Message> current_ ABSL_GUARDED_BY(mu_);
};

// The ServerOptions inside a service's config: its first field of that type, or nullptr.
const ServerOptions* FindServerOptions(const google::protobuf::Message& config);
// The same, to be changed. config must have one.
ServerOptions* MutableServerOptions(google::protobuf::Message* config);

}  // namespace trivium::server
