#include "services/payment/psp/sandbox/adapter.h"

#include <openssl/rand.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/http/client.h"
#include "libs/http/url.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"
#include "services/payment/domain/payment.h"
#include "services/payment/psp/sandbox/merchants.h"
#include "services/payment/psp/sandbox/signature.h"

namespace trivium::payment::sandbox {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kTimeWindow = absl::Minutes(5);
constexpr size_t kMaxSubjectBytes = 256;

std::string Nonce() {
  unsigned char bytes[16];
  RAND_bytes(bytes, sizeof(bytes));
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(bytes), sizeof(bytes)));
}

std::string HeaderOf(const std::vector<std::pair<std::string, std::string>>& headers, const char* name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

// A member of that type, or the default; never throws.
std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}
int64_t Int(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}

absl::Time TimeOf(const std::string& rfc3339) {
  absl::Time time;
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error) ? time : absl::InfinitePast();
}

// nullopt: not a state that we know, or paid without an amount: it is no answer.
std::optional<Trade> TradeOf(const Json& json) {
  Trade trade;
  trade.psp_trade_id = Text(json, "trade_id");
  trade.paid_minor = Int(json, "paid_minor");
  trade.paid_currency = Text(json, "currency");
  trade.paid_time = TimeOf(Text(json, "paid_at"));
  const std::string state = Text(json, "state");
  if (state == "WAITING") {
    trade.state = TradeState::kWaiting;
  } else if (state == "PROCESSING") {
    trade.state = TradeState::kProcessing;
  } else if (state == "SUCCESS" && trade.paid_minor > 0 && trade.paid_currency.size() == 3) {
    trade.state = TradeState::kSucceeded;
  } else if (state == "DECLINED") {
    trade.state = TradeState::kDeclined;
  } else if (state == "CLOSED") {
    trade.state = TradeState::kClosed;
  } else {
    return std::nullopt;
  }
  return trade;
}

std::optional<PspRefundState> RefundStateOf(const Json& json) {
  const std::string state = Text(json, "state");
  if (state == "PROCESSING") return PspRefundState::kProcessing;
  if (state == "SUCCESS") return PspRefundState::kSucceeded;
  if (state == "FAILED") return PspRefundState::kFailed;
  return std::nullopt;
}

// For logs. Anybody may have written it.
std::string FailureOf(const http::Response& response) {
  const Json json = Json::parse(response.body, nullptr, false);
  const std::string code = json.is_object() ? Text(json, "code") : "";
  return absl::StrCat("HTTP ", response.status, code.empty() ? "" : " ", std::string(Utf8Prefix(code, 64)));
}

// An answer of the PSP: its JSON with an HTTP status, or how the call failed.
struct Reply {
  PspOutcome failed = PspOutcome::kMaybe;
  int status = 0;  // 0: there was no answer that can be believed.
  Json json;
  std::string message;
};

class Adapter : public Psp {
 public:
  Adapter(AdapterOptions options, Send send, Clock& clock)
      : options_(std::move(options)),
        send_(std::move(send)),
        clock_(clock),
        merchants_(options_.merchants_path, clock) {}
  absl::Status Load() { return merchants_.Load(); }

  absl::StatusOr<std::string> BuildPayUrl(const PayRequest& request) override;
  PspAnswer<Trade> Query(const std::string& product, const Id& attempt_id, absl::Time deadline) override;
  PspAnswer<Trade> Close(const std::string& product, const Id& attempt_id, absl::Time deadline) override;
  PspAnswer<PspRefundState> Refund(const RefundOrder& order, absl::Time deadline) override;
  PspAnswer<PspRefundState> QueryRefund(const std::string& product, const Id& refund_id, absl::Time deadline) override;
  absl::StatusOr<PspNotice> ParseCallback(const CallbackRequest& request, absl::Time now) override;

 private:
  Reply Call(const std::string& product, const char* method, const std::string& target, const std::string& body,
             absl::Time deadline);

  const AdapterOptions options_;
  const Send send_;
  Clock& clock_;
  Merchants merchants_;
};

absl::StatusOr<std::string> Adapter::BuildPayUrl(const PayRequest& request) {
  const std::optional<std::string> secret = merchants_.SecretOf(request.product);
  if (!secret) {
    return Error(absl::StatusCode::kFailedPrecondition, "PRODUCT_NOT_CONFIGURED",
                 absl::StrCat("product ", request.product, ": no merchant at the sandbox PSP"));
  }
  // Sorted: what is signed.
  const std::pair<const char*, std::string> parameters[] = {
      {"amount_minor", absl::StrCat(request.amount_minor)},
      {"currency", request.currency},
      {"expire", absl::StrCat(absl::ToUnixSeconds(request.expire_time))},
      {"merchant", request.product},
      {"notify_url", options_.notify_url},
      {"out_trade_no", FormatId(kAttemptIdKind, request.attempt_id)},
      {"subject", std::string(Utf8Prefix(request.subject, kMaxSubjectBytes))},
      {"timestamp", absl::StrCat(absl::ToUnixSeconds(request.now))},
  };
  std::string canonical, query;
  for (const auto& [key, value] : parameters) {
    absl::StrAppend(&canonical, canonical.empty() ? "" : "&", key, "=", value);
    absl::StrAppend(&query, key, "=", http::PercentEncode(value), "&");
  }
  return absl::StrCat(options_.base_url, "/pay?", query, "sign=", Sign(*secret, canonical));
}

Reply Adapter::Call(const std::string& product, const char* method, const std::string& target, const std::string& body,
                    absl::Time deadline) {
  const std::optional<std::string> secret = merchants_.SecretOf(product);
  if (!secret) return {.failed = PspOutcome::kNotDone, .message = "no merchant for the product"};
  const absl::Time now = clock_.Now();
  if (deadline <= now) return {.failed = PspOutcome::kNotDone, .message = "no time left"};
  const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(now)), nonce = Nonce();
  http::ClientRequest request;
  request.method = method;
  request.url = options_.base_url + target;
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Sandbox-Timestamp", timestamp},
                     {"X-Sandbox-Nonce", nonce},
                     {"X-Sandbox-Signature", Sign(*secret, RequestText(method, target, timestamp, nonce, body))}};
  request.body = body;
  request.timeout = deadline - now;
  const absl::StatusOr<http::Response> response = send_(request);
  if (!response.ok()) {
    const bool not_sent = response.status().code() == absl::StatusCode::kUnavailable;
    return {.failed = not_sent ? PspOutcome::kNotDone : PspOutcome::kMaybe,
            .message = std::string(response.status().message())};
  }
  // Refused as a whole: an error that comes before anything is done, and that is not signed.
  if (response->status == 401 || response->status == 429)
    return {.failed = PspOutcome::kNotDone, .message = response->body.substr(0, 200)};
  // Its own failure or that of a proxy before it, which signs nothing: there was an answer, and nothing in it is used.
  if (response->status >= 500) return {.failed = PspOutcome::kError, .message = FailureOf(*response)};
  const std::string answer_time = HeaderOf(response->headers, "x-sandbox-timestamp");
  const bool ours = HeaderOf(response->headers, "x-sandbox-nonce") == nonce;
  if (!ours || !Verify(*secret, MessageText(answer_time, nonce, response->body),
                       HeaderOf(response->headers, "x-sandbox-signature"))) {
    return {.message = absl::StrCat("HTTP ", response->status, " without a right signature")};
  }
  Reply reply{.status = response->status, .json = Json::parse(response->body, nullptr, false)};
  if (!reply.json.is_object()) return {.message = "not a JSON object"};
  reply.message = Text(reply.json, "code");
  return reply;
}

PspAnswer<Trade> Adapter::Query(const std::string& product, const Id& attempt_id, absl::Time deadline) {
  const Reply reply =
      Call(product, "GET", absl::StrCat("/v1/trades/", FormatId(kAttemptIdKind, attempt_id), "?merchant=", product), "",
           deadline);
  if (reply.status == 404 && reply.message == "TRADE_NOT_FOUND") return {.outcome = PspOutcome::kDone};
  if (reply.status == 200) {
    if (const std::optional<Trade> trade = TradeOf(reply.json)) return {.outcome = PspOutcome::kDone, .value = *trade};
  }
  return {.outcome = reply.failed, .message = reply.message};
}

PspAnswer<Trade> Adapter::Close(const std::string& product, const Id& attempt_id, absl::Time deadline) {
  const Reply reply = Call(
      product, "POST", absl::StrCat("/v1/trades/", FormatId(kAttemptIdKind, attempt_id), "/close?merchant=", product),
      "", deadline);
  if (reply.status == 200) {
    const std::optional<Trade> trade = TradeOf(reply.json);
    if (trade && (trade->state == TradeState::kClosed || trade->state == TradeState::kDeclined))
      return {.outcome = PspOutcome::kDone, .value = *trade};
  }
  if (reply.status == 409 && reply.message == "ALREADY_PAID")
    return {.outcome = PspOutcome::kDeclined, .value = {.state = TradeState::kSucceeded}, .message = reply.message};
  if (reply.status == 409 && reply.message == "TRADE_PROCESSING")
    return {.outcome = PspOutcome::kDeclined, .value = {.state = TradeState::kProcessing}, .message = reply.message};
  return {.outcome = reply.failed, .message = reply.message};
}

PspAnswer<PspRefundState> Adapter::Refund(const RefundOrder& order, absl::Time deadline) {
  const Json body = {{"merchant", order.product},
                     {"out_refund_no", FormatId(kRefundIdKind, order.refund_id)},
                     {"out_trade_no", FormatId(kAttemptIdKind, order.attempt_id)},
                     {"amount_minor", order.amount_minor},
                     {"reason", order.reason}};
  const Reply reply = Call(order.product, "POST", "/v1/refunds", body.dump(), deadline);
  if (reply.status == 200) {
    if (const std::optional<PspRefundState> state = RefundStateOf(reply.json))
      return {.outcome = PspOutcome::kDone, .value = *state};
  }
  const bool declined = reply.status == 404 || reply.status == 409 || reply.status == 400;
  return {.outcome = declined ? PspOutcome::kDeclined : reply.failed, .message = reply.message};
}

PspAnswer<PspRefundState> Adapter::QueryRefund(const std::string& product, const Id& refund_id, absl::Time deadline) {
  const Reply reply =
      Call(product, "GET", absl::StrCat("/v1/refunds/", FormatId(kRefundIdKind, refund_id), "?merchant=", product), "",
           deadline);
  if (reply.status == 404 && reply.message == "REFUND_NOT_FOUND") return {.outcome = PspOutcome::kDone};
  if (reply.status == 200) {
    if (const std::optional<PspRefundState> state = RefundStateOf(reply.json))
      return {.outcome = PspOutcome::kDone, .value = *state};
  }
  return {.outcome = reply.failed, .message = reply.message};
}

absl::StatusOr<PspNotice> Adapter::ParseCallback(const CallbackRequest& request, absl::Time now) {
  const std::string timestamp = HeaderOf(request.headers, "x-sandbox-timestamp"),
                    nonce = HeaderOf(request.headers, "x-sandbox-nonce");
  const Json json = Json::parse(request.body, nullptr, false);
  if (!json.is_object()) return absl::InvalidArgumentError("body: want a JSON object");
  // The secret is the merchant's that the body names; a wrong name fails the signature.
  PspNotice notice{.key = nonce, .product = Text(json, "merchant")};
  const std::optional<std::string> secret = merchants_.SecretOf(notice.product);
  if (!secret ||
      !Verify(*secret, MessageText(timestamp, nonce, request.body), HeaderOf(request.headers, "x-sandbox-signature"))) {
    return absl::UnauthenticatedError("X-Sandbox-Signature: wrong");
  }
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(timestamp, &seconds) ||
      absl::AbsDuration(now - absl::FromUnixSeconds(seconds)) >= kTimeWindow) {
    return absl::UnauthenticatedError(
        absl::StrCat("X-Sandbox-Timestamp: ", timestamp, ", want within 5 minutes of now"));
  }
  if (nonce.size() < 8 || nonce.size() > 64) return absl::InvalidArgumentError("X-Sandbox-Nonce: want 8-64 characters");
  const std::string type = Text(json, "event_type");
  notice.is_refund = type == "REFUND.SUCCESS" || type == "REFUND.FAILED";
  if (notice.is_refund) {
    TRIVIUM_ASSIGN_OR_RETURN(notice.refund_id, ParseId(kRefundIdKind, Text(json, "out_refund_no")));
    notice.refund = type == "REFUND.SUCCESS" ? PspRefundState::kSucceeded : PspRefundState::kFailed;
    return notice;
  }
  TRIVIUM_ASSIGN_OR_RETURN(notice.attempt_id, ParseId(kAttemptIdKind, Text(json, "out_trade_no")));
  notice.trade.psp_trade_id = Text(json, "trade_id");
  if (type == "TRADE.DECLINED") {
    notice.trade.state = TradeState::kDeclined;
    return notice;
  }
  if (type != "TRADE.SUCCESS") return absl::InvalidArgumentError("event_type: not known");
  notice.trade.state = TradeState::kSucceeded;
  notice.trade.paid_minor = Int(json, "amount_minor");
  notice.trade.paid_currency = Text(json, "currency");
  notice.trade.paid_time = TimeOf(Text(json, "time"));
  if (notice.trade.paid_minor <= 0 || notice.trade.paid_currency.size() != 3)
    return absl::InvalidArgumentError("amount_minor, currency: want what was paid");
  return notice;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Psp>> NewAdapter(AdapterOptions options, Send send, Clock& clock) {
  auto adapter = std::make_unique<Adapter>(std::move(options), std::move(send), clock);
  TRIVIUM_RETURN_IF_ERROR(adapter->Load());
  return std::unique_ptr<Psp>(std::move(adapter));
}

}  // namespace trivium::payment::sandbox
