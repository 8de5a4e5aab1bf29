#include "services/payment/psp/sandbox/server/callback_sender.h"

#include <sys/random.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "services/payment/psp/sandbox/server/signature.h"

namespace trivium::payment::sandbox {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

std::string NewNonce() {
  char bytes[16];
  // 16 bytes never come short.
  if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) return "";
  return absl::BytesToHexString({bytes, sizeof(bytes)});
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SignatureHeaders(std::string_view secret, absl::Time now,
                                                                  std::string_view nonce, std::string_view body) {
  const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(now));
  return {{"X-Sandbox-Timestamp", timestamp},
          {"X-Sandbox-Nonce", std::string(nonce)},
          {"X-Sandbox-Signature", Sign(secret, AnswerText(timestamp, nonce, body))}};
}

CallbackSender::CallbackSender(Sandbox& sandbox, std::function<std::string(std::string_view)> secret, int threads)
    : sandbox_(sandbox), secret_(std::move(secret)), client_(threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

CallbackSender::~CallbackSender() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void CallbackSender::Run() {
  while (!stopping_) {
    const std::optional<Callback> callback = sandbox_.AwaitCallback();
    if (callback) sandbox_.FinishCallback(callback->key, Send(*callback));
  }
}

bool CallbackSender::Send(const Callback& callback) {
  const std::string body = ToJson(callback).dump();
  http::ClientRequest request{
      .method = "POST", .url = callback.notify_url, .body = body, .timeout = kTimeout, .max_body_bytes = 64 << 10};
  request.headers = SignatureHeaders(secret_(callback.merchant), sandbox_.Now(), NewNonce(), body);
  request.headers.emplace_back("Content-Type", "application/json");
  const absl::StatusOr<http::Response> response = client_.Send(request);
  const bool taken = response.ok() && (response->status == 200 || response->status == 204);
  if (!taken) {
    TRIVIUM_LOG(kInfo, "callback not taken", {"id", callback.id}, {"event_type", callback.event_type},
                {"attempt", callback.attempts + 1},
                {"status", response.ok() ? absl::StrCat(response->status) : response.status().ToString()});
  }
  return taken;
}

}  // namespace trivium::payment::sandbox
