#include "libs/log/log.h"
#include "services/push/vendor/vendor.h"

namespace trivium::push {
namespace {

class LogVendor : public Vendor {
 public:
  const char* name() const override { return "log"; }
  std::vector<absl::Status> Send(std::span<const Notification> notifications, absl::Time) override {
    for (const Notification& n : notifications) {
      // Neither the user nor what the message says: logs hold no personal data.
      TRIVIUM_LOG(kInfo, "a message is handed to the vendor", {"product", n.message.product},
                  {"message_id", FormatId(kMessageIdKind, n.message.id)}, {"trace_id", n.message.trace_id});
    }
    return std::vector<absl::Status>(notifications.size());
  }
};

}  // namespace

std::unique_ptr<Vendor> NewLogVendor() { return std::make_unique<LogVendor>(); }

}  // namespace trivium::push
