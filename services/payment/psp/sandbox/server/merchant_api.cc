#include "services/payment/psp/sandbox/server/merchant_api.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/payment/psp/sandbox/server/callback_sender.h"
#include "services/payment/psp/sandbox/server/signature.h"

namespace trivium::payment::sandbox {
namespace {

using nlohmann::json;

constexpr int64_t kTimestampWindow = 300;  // Seconds, both ways.
constexpr size_t kMaxReason = 256;

Refusal Bad(std::string_view field, std::string_view want) {
  return {400, "PARAM_ERROR", absl::StrCat(ToAbsl(field), ": want ", ToAbsl(want))};
}
Refusal BadSignature(std::string_view why) { return {401, "SIGN_ERROR", std::string(why)}; }

// A request on its way through the checks.
struct Call {
  http::Request request;
  json body;  // Of a POST with a body.
  std::string merchant, secret;
};

bool IsNonce(std::string_view text) {
  return text.size() >= 8 && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-';
         });
}

// The merchant stands in the body of a refund, else in the query.
Refusal FindMerchant(Call& call) {
  call.merchant = call.request.Parameter("merchant");
  if (!call.request.body.empty()) {
    call.body = json::parse(call.request.body, nullptr, false);
    if (!call.body.is_object()) return Bad("body", "a JSON object");
    const auto merchant = call.body.find("merchant");
    if (merchant != call.body.end() && merchant->is_string()) call.merchant = *merchant;
  }
  return IsMerchantName(call.merchant) ? Refusal{} : Bad("merchant", "1-32 of a-z 0-9 _ -");
}

Refusal Authenticate(Call& call, Merchants& merchants, absl::Time now) {
  if (Refusal refusal = FindMerchant(call)) return refusal;
  const http::Request& request = call.request;
  const std::string_view timestamp = request.Header("x-sandbox-timestamp"), nonce = request.Header("x-sandbox-nonce");
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(ToAbsl(timestamp), &seconds) ||
      std::abs(seconds - absl::ToUnixSeconds(now)) > kTimestampWindow) {
    return BadSignature("X-Sandbox-Timestamp: want Unix seconds within 300 s");
  }
  if (!IsNonce(nonce)) return BadSignature("X-Sandbox-Nonce: want 8-64 of A-Z a-z 0-9 _ -");
  call.secret = merchants.Secret(call.merchant);
  const std::string text = RequestText(request.method, request.target, timestamp, nonce, request.body);
  if (call.secret.empty() || !SignatureMatches(call.secret, text, request.Header("x-sandbox-signature"))) {
    call.secret.clear();
    return BadSignature(
        "X-Sandbox-Signature: want HMAC-SHA256 of METHOD, PATH?QUERY, TIMESTAMP, NONCE, BODY, each with a newline");
  }
  return {};
}

std::string_view TextField(const json& body, const char* name) {
  const auto field = body.find(name);
  if (field == body.end() || !field->is_string()) return {};
  return field->get_ref<const std::string&>();
}

Refusal ParseRefund(const Call& call, RefundOrder* order) {
  order->merchant = call.merchant;
  order->out_refund_no = TextField(call.body, "out_refund_no");
  order->out_trade_no = TextField(call.body, "out_trade_no");
  order->reason = TextField(call.body, "reason");
  if (!IsOrderNumber(order->out_refund_no)) return Bad("out_refund_no", "1-64 of A-Z a-z 0-9 _ -");
  if (!IsOrderNumber(order->out_trade_no)) return Bad("out_trade_no", "1-64 of A-Z a-z 0-9 _ -");
  if (order->reason.size() > kMaxReason || !IsValidUtf8(order->reason))
    return Bad("reason", "at most 256 bytes of UTF-8");
  const auto amount = call.body.find("amount_minor");
  if (amount == call.body.end() || !amount->is_number_integer() || *amount < 1 || *amount > kMaxAmountMinor)
    return Bad("amount_minor", "1 to 10^12");
  order->amount_minor = *amount;
  return {};
}

// What a call does once it is known who makes it.
using Act = std::function<http::Response(Book& book, absl::Time now)>;

http::Response TradeResponse(const Refusal& refusal, const Trade* trade) {
  return refusal ? ToResponse(refusal) : JsonResponse(ToJson(*trade).dump());
}

// Nothing, with *refusal set, for a path that is no call.
Act RouteTrade(std::string_view rest, const Call& call, Refusal* refusal) {
  const bool close = call.request.method == "POST" && absl::EndsWith(ToAbsl(rest), "/close");
  const std::string number(close ? rest.substr(0, rest.size() - 6) : rest);
  if (!close && call.request.method != "GET") *refusal = {404, "NOT_FOUND", "no such call"};
  if (!*refusal && !IsOrderNumber(number)) *refusal = Bad("out_trade_no", "1-64 of A-Z a-z 0-9 _ -");
  if (*refusal) return nullptr;
  if (close) {
    return [merchant = call.merchant, number](Book& book, absl::Time now) {
      const Trade* trade = nullptr;
      const Refusal refused = book.Close(merchant, number, now, &trade);
      return TradeResponse(refused, trade);
    };
  }
  return [merchant = call.merchant, number](Book& book, absl::Time) {
    if (book.TakeQueryFailure(merchant, number)) return ToResponse({500, "SYSTEM_ERROR", "told to fail"});
    const Trade* trade = book.FindTrade(merchant, number);
    return trade == nullptr ? ToResponse({404, "TRADE_NOT_FOUND", "the trade was never opened"})
                            : JsonResponse(ToJson(*trade).dump());
  };
}

Act RouteRefund(std::string_view path, const Call& call, Refusal* refusal) {
  if (path == "/v1/refunds" && call.request.method == "POST") {
    RefundOrder order;
    *refusal = ParseRefund(call, &order);
    return [order](Book& book, absl::Time now) {
      const Refund* refund = nullptr;
      const Trade* trade = nullptr;
      const Refusal refused = book.CreateRefund(order, now, &refund, &trade);
      return refused ? ToResponse(refused) : JsonResponse(ToJson(*refund, *trade).dump());
    };
  }
  const std::string number(path.substr(std::min(path.size(), std::string_view("/v1/refunds/").size())));
  if (call.request.method != "GET" || path == "/v1/refunds") *refusal = {404, "NOT_FOUND", "no such call"};
  if (!*refusal && !IsOrderNumber(number)) *refusal = Bad("out_refund_no", "1-64 of A-Z a-z 0-9 _ -");
  return [merchant = call.merchant, number](Book& book, absl::Time) {
    const Refund* refund = book.FindRefund(merchant, number);
    if (refund == nullptr) return ToResponse({404, "REFUND_NOT_FOUND", "no refund has this number"});
    return JsonResponse(ToJson(*refund, *book.FindTrade(merchant, refund->out_trade_no)).dump());
  };
}

Act Route(const Call& call, Refusal* refusal) {
  const std::string_view path = call.request.path;
  constexpr std::string_view kTrades = "/v1/trades/";
  if (absl::StartsWith(ToAbsl(path), ToAbsl(kTrades))) return RouteTrade(path.substr(kTrades.size()), call, refusal);
  return RouteRefund(path, call, refusal);
}

// The API with its faults: an answer may come late, or be an error that says nothing about the effect.
class MerchantApi : public std::enable_shared_from_this<MerchantApi> {
 public:
  MerchantApi(Sandbox& sandbox, Merchants& merchants) : sandbox_(sandbox), merchants_(merchants) {}

  void Serve(http::Request request, http::Responder respond) {
    Call call{.request = std::move(request), .body = {}, .merchant = {}, .secret = {}};
    if (Refusal refusal = Authenticate(call, merchants_, sandbox_.Now())) return respond(ToResponse(refusal));
    Refusal refusal;
    Act act = Route(call, &refusal);
    const std::string nonce(call.request.Header("x-sandbox-nonce"));
    http::Responder sign = [self = shared_from_this(), secret = call.secret, nonce,
                            respond = std::move(respond)](http::Response response) {
      for (auto& header : SignatureHeaders(secret, self->sandbox_.Now(), nonce, response.body))
        response.headers.push_back(std::move(header));
      respond(std::move(response));
    };
    if (refusal) return sign(ToResponse(refusal));
    const bool is_query = call.request.method == "GET";
    const std::string about = absl::StrCat(call.request.target, " ", ++calls_);
    const auto delay = std::make_shared<absl::Duration>();
    sandbox_.Do(
        [delay, about, is_query, merchant = call.merchant, path = call.request.path, act = std::move(act)](
            Book& book, absl::Time now) {
          *delay = Delay(book, merchant, path, about);
          return WithFaults(book, now, act, is_query, about);
        },
        [self = shared_from_this(), delay, sign = std::move(sign)](http::Response response) {
          if (*delay == absl::ZeroDuration()) return sign(std::move(response));
          self->sandbox_.After(*delay, [sign, response = std::move(response)] { sign(response); });
        });
  }

 private:
  static http::Response WithFaults(Book& book, absl::Time now, const Act& act, bool is_query,
                                   const std::string& about) {
    const Faults& faults = book.faults();
    if (!faults.Hits(faults.http_500_ratio, "http_500", about)) return act(book, now);
    if (!is_query && faults.Hits(0.5, "after_effect", about)) (void)act(book, now);
    return ToResponse({500, "SYSTEM_ERROR", "told to fail"});
  }

  static absl::Duration Delay(const Book& book, const std::string& merchant, const std::string& path,
                              const std::string& about) {
    const Faults& faults = book.faults();
    absl::Duration delay =
        faults.Hits(faults.slow_ratio, "slow", about) ? absl::Milliseconds(faults.slow_ms) : absl::ZeroDuration();
    const Trade* trade = book.FindTrade(merchant, path.substr(path.rfind('/') + 1));
    if (trade != nullptr && absl::StartsWith(path, "/v1/trades/"))
      delay = std::max(delay, absl::Milliseconds(trade->plan.query_hang_ms));
    return delay;
  }

  Sandbox& sandbox_;
  Merchants& merchants_;
  std::atomic<uint64_t> calls_{0};
};

}  // namespace

void AddMerchantApi(http::Server& server, Sandbox& sandbox, Merchants& merchants) {
  const auto api = std::make_shared<MerchantApi>(sandbox, merchants);
  const auto serve = [api](http::Request request, http::Responder respond) {
    api->Serve(std::move(request), std::move(respond));
  };
  server.HandleAsync("GET POST", "/v1/trades/", serve);
  server.HandleAsync("GET POST", "/v1/refunds/", serve);
  server.HandleAsync("POST", "/v1/refunds", serve);
}

}  // namespace trivium::payment::sandbox
