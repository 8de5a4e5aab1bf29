#include "tests/load/payer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <atomic>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/client.h"
#include "libs/http/url.h"
#include "libs/status/status.h"

namespace trivium::load {
namespace {

using nlohmann::json;

std::string HmacHex(const std::string& secret, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), length));
}

absl::Status Accepted(const absl::StatusOr<http::Response>& response) {
  if (!response.ok()) return response.status();
  if (response->status < 300) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("HTTP ", response->status, ": ", response->body.substr(0, 200)));
}

class SandboxPayer : public Payer {
 public:
  explicit SandboxPayer(std::string url, int connections) : url_(std::move(url)), client_(connections) {}
  absl::Status Pay(const std::string& pay_url) override {
    return Accepted(client_.Send({.method = "POST",
                                  .url = url_ + "/control/pay",
                                  .headers = {{"Content-Type", "application/json"}},
                                  .body = json{{"pay_url", pay_url}}.dump(),
                                  .timeout = absl::Seconds(10)}));
  }
  bool CanRefund() const override { return true; }

 private:
  const std::string url_;
  http::Client client_;
};

class CallbackPayer : public Payer {
 public:
  CallbackPayer(std::string secret, int connections) : secret_(std::move(secret)), client_(connections) {}
  absl::Status Pay(const std::string& pay_url) override {
    const std::string nonce = absl::StrCat(run_, "-", ++calls_);
    TRIVIUM_ASSIGN_OR_RETURN(const SignedCallback callback, SignCallback(pay_url, secret_, absl::Now(), nonce));
    return Accepted(client_.Send({.method = "POST",
                                  .url = callback.notify_url,
                                  .headers = {{"Content-Type", "application/json"},
                                              {"X-Sandbox-Timestamp", callback.timestamp},
                                              {"X-Sandbox-Nonce", callback.nonce},
                                              {"X-Sandbox-Signature", callback.signature}},
                                  .body = callback.body,
                                  .timeout = absl::Seconds(10)}));
  }
  bool CanRefund() const override { return false; }

 private:
  const std::string secret_;
  const std::string run_ = absl::StrCat("load", std::random_device{}());
  std::atomic<int64_t> calls_ = 0;
  http::Client client_;
};

}  // namespace

absl::StatusOr<SignedCallback> SignCallback(const std::string& pay_url, const std::string& secret, absl::Time now,
                                            const std::string& nonce) {
  const size_t query = pay_url.find('?');
  const auto pairs =
      query == std::string::npos ? std::nullopt : http::ParseQuery(std::string_view(pay_url).substr(query + 1));
  std::map<std::string, std::string> values;
  if (pairs) values.insert(pairs->begin(), pairs->end());
  int64_t amount = 0;
  for (const char* name : {"merchant", "out_trade_no", "amount_minor", "currency", "notify_url"}) {
    if (values[name].empty()) return absl::InvalidArgumentError(absl::StrCat("pay_url: has no ", name));
  }
  if (!absl::SimpleAtoi(values["amount_minor"], &amount))
    return absl::InvalidArgumentError("pay_url: amount_minor is no number");
  const std::string& trade = values["out_trade_no"];
  const json body = {{"id", "sbe_" + trade},
                     {"event_type", "TRADE.SUCCESS"},
                     {"merchant", values["merchant"]},
                     {"out_trade_no", trade},
                     {"out_refund_no", ""},
                     {"trade_id", "sbt_" + trade},
                     {"amount_minor", amount},
                     {"currency", values["currency"]},
                     {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone())}};
  SignedCallback callback{values["notify_url"], body.dump(), absl::StrCat(absl::ToUnixSeconds(now)), nonce, ""};
  callback.signature =
      HmacHex(secret, absl::StrCat(callback.timestamp, "\n", callback.nonce, "\n", callback.body, "\n"));
  return callback;
}

absl::StatusOr<std::unique_ptr<Payer>> NewPayer(const LoadFlags& flags) {
  if (flags.pay == "sandbox") return std::make_unique<SandboxPayer>(flags.sandbox, flags.concurrency);
  std::ifstream file(flags.secret_file);
  std::string secret;
  if (!std::getline(file, secret) || secret.empty()) {
    return absl::NotFoundError(absl::StrCat(flags.secret_file, ": holds no secret"));
  }
  return std::make_unique<CallbackPayer>(secret, flags.concurrency);
}

}  // namespace trivium::load
