// The sandbox PSP as payment sees it. Protocol: README.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/payment/psp/psp.h"

namespace trivium {
class Clock;
namespace http {
struct ClientRequest;
struct Response;
}  // namespace http
}  // namespace trivium

namespace trivium::payment::sandbox {

struct AdapterOptions {
  std::string base_url;        // "http://127.0.0.1:21030"
  std::string notify_url;      // Where it calls back: "http://127.0.0.1:21012/psp/sandbox/notify".
  std::string merchants_path;  // File with the secrets.
};

// How HTTP is spoken: http::Client::Send, or a test's.
using Send = std::function<absl::StatusOr<http::Response>(const http::ClientRequest&)>;

// INVALID_ARGUMENT when the merchants' file cannot be used.
absl::StatusOr<std::unique_ptr<Psp>> NewAdapter(AdapterOptions options, Send send, Clock& clock);

}  // namespace trivium::payment::sandbox
