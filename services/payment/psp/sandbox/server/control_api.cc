#include "services/payment/psp/sandbox/server/control_api.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/http/url.h"
#include "libs/text/view.h"

namespace trivium::payment::sandbox {
namespace {

using nlohmann::json;

constexpr int64_t kMaxMs = 600'000, kMaxHangMs = 60'000, kMaxCopies = 10, kMaxFailures = 1000;

Refusal Bad(const std::string& field, std::string_view want) {
  return {400, "PARAM_ERROR", absl::StrCat(field, ": want ", ToAbsl(want))};
}

// One field of an object: its name, where it goes, what is allowed.
struct NumberField {
  const char* name;
  int64_t PayPlan::*member;
  int64_t min, max;
};
constexpr NumberField kPlanNumbers[] = {
    {"paid_minor", &PayPlan::paid_minor, 1, kMaxAmountMinor},
    {"settle_delay_ms", &PayPlan::settle_delay_ms, 0, kMaxMs},
    {"query_failures", &PayPlan::query_failures, 0, kMaxFailures},
    {"query_hang_ms", &PayPlan::query_hang_ms, 0, kMaxHangMs},
};
constexpr NumberField kCallbackNumbers[] = {
    {"delay_ms", &PayPlan::callback_delay_ms, 0, kMaxMs},
    {"copies", &PayPlan::callback_copies, 1, kMaxCopies},
};
struct BoolField {
  const char* name;
  bool PayPlan::*member;
};
constexpr BoolField kPlanBools[] = {{"force_late", &PayPlan::force_late}};
constexpr BoolField kCallbackBools[] = {{"drop", &PayPlan::callback_drop}, {"reorder", &PayPlan::callback_reorder}};

// Sets what is in the tables; *known tells whether the name was.
template <size_t N, size_t B>
Refusal SetField(const std::string& name, const json& value, const NumberField (&numbers)[N],
                 const BoolField (&bools)[B], PayPlan* plan, bool* known) {
  *known = true;
  for (const NumberField& field : numbers) {
    if (name != field.name) continue;
    if (!value.is_number_integer() || value < field.min || value > field.max)
      return Bad(name, absl::StrCat(field.min, " to ", field.max));
    plan->*field.member = value;
    return {};
  }
  for (const BoolField& field : bools) {
    if (name != field.name) continue;
    if (!value.is_boolean()) return Bad(name, "true or false");
    plan->*field.member = value;
    return {};
  }
  *known = false;
  return {};
}

Refusal ParseCallback(const json& callback, PayPlan* plan) {
  if (!callback.is_object()) return Bad("callback", "an object");
  for (const auto& [name, value] : callback.items()) {
    bool known = false;
    if (Refusal refusal = SetField(name, value, kCallbackNumbers, kCallbackBools, plan, &known)) return refusal;
    if (!known) return Bad("callback." + name, "a field that exists");
  }
  return {};
}

struct PayRequest {
  std::string pay_url, outcome = "success";
  PayPlan plan;
};

Refusal ParsePayRequest(const json& body, PayRequest* request) {
  if (!body.is_object()) return Bad("body", "a JSON object");
  for (const auto& [name, value] : body.items()) {
    bool known = false;
    if (Refusal refusal = SetField(name, value, kPlanNumbers, kPlanBools, &request->plan, &known)) return refusal;
    if (known) continue;
    if (name == "callback") {
      if (Refusal refusal = ParseCallback(value, &request->plan)) return refusal;
    } else if ((name == "pay_url" || name == "outcome") && value.is_string()) {
      (name == "pay_url" ? request->pay_url : request->outcome) = value;
    } else {
      return Bad(name, "a field that exists, of the right type");
    }
  }
  const std::string& outcome = request->outcome;
  if (outcome != "success" && outcome != "decline" && outcome != "none")
    return Bad("outcome", "success, decline or none");
  request->plan.decline = outcome == "decline";
  return {};
}

Refusal ParseOrder(const std::string& pay_url, const PayOrderRules& rules, absl::Time now, PayOrder* order) {
  const auto parameters = http::ParseQuery(QueryOf(pay_url));
  if (!parameters) return Bad("pay_url", "a decodable query");
  return ParsePayOrder(*parameters, rules, now, order);
}

void Pay(Sandbox& sandbox, const PayOrderRules& rules, const http::Request& http, const http::Responder& respond) {
  PayRequest request;
  PayOrder order;
  Refusal refusal = ParsePayRequest(json::parse(http.body, nullptr, false), &request);
  if (!refusal) refusal = ParseOrder(request.pay_url, rules, sandbox.Now(), &order);
  if (refusal) return respond(ToResponse(refusal));
  sandbox.Do(
      [&](Book& book, absl::Time now) {
        const Trade* trade = nullptr;
        refusal = request.outcome == "none" ? book.OpenWithPlan(order, request.plan, now, &trade)
                                            : book.Pay(order, request.plan, now, &trade);
        return refusal ? ToResponse(refusal) : JsonResponse(ToJson(*trade).dump());
      },
      respond);
}

void PutFaults(Sandbox& sandbox, const http::Request& request, const http::Responder& respond) {
  Faults faults;
  if (Refusal refusal = ParseFaults(json::parse(request.body, nullptr, false), &faults))
    return respond(ToResponse(refusal));
  sandbox.Do(
      [&](Book& book, absl::Time) {
        book.SetFaults(faults);
        return JsonResponse(ToJson(faults).dump());
      },
      respond);
}

void ListTrades(Sandbox& sandbox, const http::Request& request, const http::Responder& respond) {
  uint64_t from = 0, limit = 100;
  const std::string after = request.Parameter("after"), limit_text = request.Parameter("limit");
  if (!after.empty() && !absl::SimpleAtoi(after, &from))
    return respond(ToResponse(Bad("after", "a \"next\" of an earlier answer")));
  if (!limit_text.empty() && (!absl::SimpleAtoi(limit_text, &limit) || limit < 1 || limit > 1000))
    return respond(ToResponse(Bad("limit", "1 to 1000")));
  sandbox.Do(
      [&](Book& book, absl::Time) {
        json trades = json::array();
        for (const Trade* trade : book.List(request.Parameter("merchant"), from, limit)) {
          json item = ToJson(*trade);
          item["refunds"] = json::array();
          for (const Refund* refund : trade->refunds) item["refunds"].push_back(ToJson(*refund, *trade));
          trades.push_back(std::move(item));
        }
        const std::string next = trades.size() == limit ? absl::StrCat(from + limit) : "";
        return JsonResponse(json{{"trades", std::move(trades)}, {"next", next}}.dump());
      },
      respond);
}

json CurrencyTotals() {
  json totals = {{"paid_minor", 0}, {"refunded_minor", 0}, {"refunding_minor", 0}};
  for (const TradeState state : {TradeState::kWaiting, TradeState::kProcessing, TradeState::kSuccess,
                                 TradeState::kDeclined, TradeState::kClosed}) {
    totals["trades"][std::string(NameOf(state))] = 0;
  }
  for (const RefundState state : {RefundState::kProcessing, RefundState::kSuccess, RefundState::kFailed}) {
    totals["refunds"][std::string(NameOf(state))] = 0;
  }
  return totals;
}

// Adds one trade to its currency's totals.
void Count(const Trade& trade, json* totals) {
  const auto add = [](json& field, int64_t n) { field = field.get<int64_t>() + n; };
  add((*totals)["paid_minor"], trade.paid_minor);
  add((*totals)["refunded_minor"], trade.RefundedMinor());
  add((*totals)["refunding_minor"], trade.RefundingMinor());
  add((*totals)["trades"][std::string(NameOf(trade.state))], 1);
  for (const Refund* refund : trade.refunds) add((*totals)["refunds"][std::string(NameOf(refund->state))], 1);
}

void Totals(Sandbox& sandbox, const http::Request& request, const http::Responder& respond) {
  const std::string merchant = request.Parameter("merchant");
  sandbox.Do(
      [&](Book& book, absl::Time) {
        std::map<std::string, json> currencies;
        for (const Trade* trade : book.List(merchant, 0, SIZE_MAX)) {
          json& totals = currencies[trade->order.currency];
          if (totals.is_null()) totals = CurrencyTotals();
          Count(*trade, &totals);
        }
        return JsonResponse(
            json{{"merchant", merchant}, {"currencies", currencies}, {"callbacks_pending", book.callbacks_pending()}}
                .dump());
      },
      respond);
}

bool IsLoopback(std::string_view peer) {
  return absl::StartsWith(ToAbsl(peer), "127.") || absl::StartsWith(ToAbsl(peer), "::1");
}

// A page in the user's browser can reach loopback too, but it can't send JSON there without being asked (CORS).
Refusal CheckCaller(const http::Request& request) {
  if (!IsLoopback(request.peer)) return {403, "FORBIDDEN", "control: want a caller on this machine"};
  const bool writes = request.method == "POST" || request.method == "PUT";
  if (writes && !absl::StartsWith(ToAbsl(request.Header("content-type")), "application/json"))
    return Bad("Content-Type", "application/json");
  return {};
}

}  // namespace

void AddControlApi(http::Server& server, Sandbox& sandbox, const PayOrderRules& rules) {
  const auto add = [&server](const char* methods, const char* path, http::AsyncHandler serve) {
    server.HandleAsync(methods, path,
                       [serve = std::move(serve)](const http::Request& request, const http::Responder& respond) {
                         if (Refusal refusal = CheckCaller(request)) return respond(ToResponse(refusal));
                         serve(request, respond);
                       });
  };
  add("POST", "/control/pay",
      [&sandbox, rules](const auto& request, const auto& respond) { Pay(sandbox, rules, request, respond); });
  add("GET", "/control/trades",
      [&sandbox](const auto& request, const auto& respond) { ListTrades(sandbox, request, respond); });
  add("GET", "/control/totals",
      [&sandbox](const auto& request, const auto& respond) { Totals(sandbox, request, respond); });
  add("GET PUT", "/control/faults", [&sandbox](const auto& request, const auto& respond) {
    if (request.method == "PUT") return PutFaults(sandbox, request, respond);
    sandbox.Do([](Book& book, absl::Time) { return JsonResponse(ToJson(book.faults()).dump()); }, respond);
  });
}

}  // namespace trivium::payment::sandbox
