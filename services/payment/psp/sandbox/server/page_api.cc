#include "services/payment/psp/sandbox/server/page_api.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/http/url.h"
#include "services/payment/psp/sandbox/server/pages.h"

namespace trivium::payment::sandbox {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

http::Response HtmlResponse(int status, std::string body) {
  return {
      status,
      "text/html; charset=utf-8",
      {{"Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
       {"Referrer-Policy", "no-referrer"},
       {"Cache-Control", "no-store"}},
      std::move(body)};
}

// The same page by GET, so that reloading it pays nothing.
http::Response BackToPage(const Fields& fields) {
  std::string query;
  for (const auto& [name, value] : fields)
    absl::StrAppend(&query, query.empty() ? "?" : "&", http::PercentEncode(name), "=", http::PercentEncode(value));
  return {303, "text/plain; charset=utf-8", {{"Location", "/pay" + query}, {"Cache-Control", "no-store"}}, ""};
}

// Takes "action" out of a form.
std::string TakeAction(Fields* fields) {
  std::string action;
  std::erase_if(*fields, [&](const auto& field) {
    if (field.first == "action") action = field.second;
    return field.first == "action";
  });
  return action;
}

http::Response Act(Book& book, const PayOrder& order, const std::string& action, const Fields& fields,
                   Language language, absl::Time now) {
  const Trade* trade = nullptr;
  if (action.empty()) {
    const Refusal refusal = book.Open(order, now, &trade);
    return refusal ? HtmlResponse(refusal.status, ErrorPage(language, refusal))
                   : HtmlResponse(200, PayPage(language, *trade, fields, now));
  }
  PayPlan plan;
  plan.decline = action == "decline";
  const Refusal refusal = book.Pay(order, plan, now, &trade);
  // Somebody else was faster: the page tells what became of it.
  const bool told_by_page = refusal.status == 409 && refusal.code != "TRADE_MISMATCH";
  return refusal && !told_by_page ? HtmlResponse(refusal.status, ErrorPage(language, refusal)) : BackToPage(fields);
}

void Serve(Sandbox& sandbox, const PayOrderRules& rules, const http::Request& request, const http::Responder& respond) {
  const Language language = PreferredLanguage(request.Header("accept-language"));
  const bool is_post = request.method == "POST";
  const auto parsed = http::ParseQuery(is_post ? request.body : request.query);
  Fields fields = parsed.value_or(Fields());
  const std::string action = is_post ? TakeAction(&fields) : "";
  PayOrder order;
  Refusal refusal = ParsePayOrder(fields, rules, sandbox.Now(), &order);
  if (is_post && action != "pay" && action != "decline") refusal = {400, "PARAM_ERROR", "action: want pay or decline"};
  if (refusal) return respond(HtmlResponse(refusal.status, ErrorPage(language, refusal)));
  sandbox.Do([&](Book& book, absl::Time now) { return Act(book, order, action, fields, language, now); }, respond);
}

}  // namespace

void AddPages(http::Server& server, Sandbox& sandbox, const PayOrderRules& rules) {
  server.HandleAsync("GET POST", "/pay",
                     [&sandbox, rules](const http::Request& request, const http::Responder& respond) {
                       Serve(sandbox, rules, request, respond);
                     });
}

}  // namespace trivium::payment::sandbox
