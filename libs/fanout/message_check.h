// Checks of what a publisher is asked to write. Pure.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "libs/fanout/publisher.h"

namespace trivium::fanout {

// Each: OK, or INVALID_ARGUMENT FIELD_INVALID that names every wrong field.
absl::Status CheckPublisherOptions(const PublisherOptions& options);
absl::Status CheckBatch(std::span<const Message> messages);
absl::Status CheckAppend(const Message& message);
absl::Status CheckPublishOnly(const Message& message);
absl::Status CheckRestoration(const Restoration& restoration);

}  // namespace trivium::fanout
