#include "examples/school-day/sandbox.h"

#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/client.h"
#include "libs/http/url.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

using nlohmann::json;

json ToJson(const PayCall& call) {
  const Misbehaviour& m = call.misbehaviour;
  json body = {{"pay_url", call.pay_url},
               {"outcome", call.outcome},
               {"settle_delay_ms", m.settle_delay_ms},
               {"force_late", call.force_late},
               {"callback",
                {{"delay_ms", m.callback_delay_ms},
                 {"copies", m.callback_copies},
                 {"drop", m.callback_drop},
                 {"reorder", m.callback_reorder}}},
               {"query_failures", m.query_failures},
               {"query_hang_ms", m.query_hang_ms}};
  if (call.paid_minor > 0) body["paid_minor"] = call.paid_minor;
  return body;
}

TradeView ViewOf(const json& trade) {
  return {trade.value("out_trade_no", ""), trade.value("trade_id", ""),   trade.value("state", ""),
          trade.value("amount_minor", 0L), trade.value("paid_minor", 0L), trade.value("refunded_minor", 0L)};
}

}  // namespace

struct Sandbox::Impl {
  Impl(std::string u, absl::Duration p) : url(std::move(u)), patience(p), client(64) {}

  const std::string url;
  const absl::Duration patience;
  http::Client client;

  // The answer's body, or its error's "code" as FAILED_PRECONDITION. *again: whether an earlier try may have taken
  // effect.
  absl::StatusOr<json> Call(const std::string& method, const std::string& path, const std::string& body,
                            bool* again = nullptr) {
    const absl::Time give_up = absl::Now() + patience;
    while (true) {
      http::ClientRequest request{.method = method, .url = url + path, .body = body};
      if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
      const auto response = client.Send(request);
      const bool answered = response.ok() && response->status < 500;
      if (answered) {
        json value = json::parse(response->body, nullptr, false);
        if (response->status < 300 && value.is_object()) return value;
        const std::string code = value.is_object() ? value.value("code", "") : "";
        return absl::FailedPreconditionError(absl::StrCat(code, " (sandbox, HTTP ", response->status, ")"));
      }
      if (absl::Now() > give_up) {
        return absl::UnavailableError(
            absl::StrCat(url, path, ": ", response.ok() ? "HTTP 5xx" : response.status().ToString()));
      }
      if (again != nullptr) *again = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
};

Sandbox::Sandbox(std::string url, absl::Duration patience) : impl_(std::make_unique<Impl>(std::move(url), patience)) {}
Sandbox::~Sandbox() = default;

absl::Status Sandbox::Pay(const PayCall& call) {
  bool again = false;
  const auto trade = impl_->Call("POST", "/control/pay", ToJson(call).dump(), &again);
  if (trade.ok()) return absl::OkStatus();
  const std::string message(trade.status().message());
  // The answer to an earlier try was lost, but the try was not.
  const bool was_ours = message.starts_with("ALREADY_PAID") || message.starts_with("TRADE_PROCESSING") ||
                        (call.outcome == "decline" && message.starts_with("TRADE_DECLINED"));
  if (again && was_ours) return absl::OkStatus();
  return trade.status();
}

absl::Status Sandbox::SetFaults(bool calm, uint64_t seed) {
  const json faults = calm ? json::object()
                           : json{{"seed", seed},
                                  {"http_500_ratio", 0.03},
                                  {"slow_ratio", 0.05},
                                  {"slow_ms", 400},
                                  {"callback_duplicate_ratio", 0.05},
                                  {"callback_delay_ms", 300},
                                  {"refund_delay_ms", 200},
                                  {"refund_drop_callback_ratio", 0.1},
                                  {"refund_hang_ratio", 0.02},
                                  {"refund_hang_ms", 4000}};
  return impl_->Call("PUT", "/control/faults", faults.dump()).status();
}

absl::StatusOr<std::map<std::string, TradeView>> Sandbox::Trades(const std::string& merchant,
                                                                 const std::set<std::string>& out_trade_nos) {
  std::map<std::string, TradeView> trades;
  std::string after;
  do {
    const std::string path = absl::StrCat("/control/trades?limit=1000&merchant=", http::PercentEncode(merchant),
                                          after.empty() ? "" : "&after=", http::PercentEncode(after));
    TRIVIUM_ASSIGN_OR_RETURN(const json page, impl_->Call("GET", path, ""));
    for (const json& entry : page.value("trades", json::array())) {
      TradeView trade = ViewOf(entry);
      if (out_trade_nos.contains(trade.out_trade_no)) trades[trade.out_trade_no] = std::move(trade);
    }
    after = page.value("next", "");
  } while (!after.empty());
  return trades;
}

absl::StatusOr<PspTotals> Sandbox::Totals(const std::string& merchant, const std::string& currency) {
  TRIVIUM_ASSIGN_OR_RETURN(const json page,
                           impl_->Call("GET", "/control/totals?merchant=" + http::PercentEncode(merchant), ""));
  const json sums = page.value("currencies", json::object()).value(currency, json::object());
  return PspTotals{sums.value("paid_minor", 0L), sums.value("refunded_minor", 0L), sums.value("refunding_minor", 0L)};
}

std::string Sandbox::MerchantOf(const std::string& pay_url) {
  const size_t query = pay_url.find('?');
  if (query == std::string::npos) return "";
  const auto parameters = http::ParseQuery(std::string_view(pay_url).substr(query + 1));
  if (!parameters) return "";
  for (const auto& [name, value] : *parameters) {
    if (name == "merchant") return value;
  }
  return "";
}

}  // namespace trivium::schoolday
