// Vendors' pushes 厂商推送 (of phone makers and app stores): what reaches a user who has no connection. An adapter
// each, in a file of its own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/push/domain/message.h"

namespace trivium::push {

// One user's part of a message that is handed over. The views live as long as the call.
struct Notification {
  const Message& message;
  const std::string& user_id;
};

// Thread-safe; blocks the caller until deadline at most.
class Vendor {
 public:
  virtual ~Vendor() = default;
  virtual const char* name() const = 0;
  // An outcome for each, in their order. OK: the vendor has it. Else it is tried again. One may come twice: after a
  // crash between this and the note of it.
  virtual std::vector<absl::Status> Send(std::span<const Notification> notifications, absl::Time deadline) = 0;
};

// Writes a line to the log for each: where no vendor is contracted. It reaches nobody.
std::unique_ptr<Vendor> NewLogVendor();

}  // namespace trivium::push
