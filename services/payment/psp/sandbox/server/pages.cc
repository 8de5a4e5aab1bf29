#include "services/payment/psp/sandbox/server/pages.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::payment::sandbox {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#f2f5f9;--card:#fff;--text:#1d2733;--soft:#66758a;--line:#e6ebf1;--brand:#0f6fff;--ok:#12924f;--bad:#c8372d;--warn:#a15c00}
@media(prefers-color-scheme:dark){:root{--bg:#11161d;--card:#1b222c;--text:#e9eef5;--soft:#9aa8ba;--line:#2c3643;--brand:#4b93ff;--ok:#45c987;--bad:#ff7a70;--warn:#f0b45a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif;padding:24px 16px}
main{width:100%;max-width:420px;background:var(--card);border-radius:16px;padding:28px 24px;box-shadow:0 8px 30px rgba(20,40,80,.08)}
header{width:100%;max-width:420px;display:flex;justify-content:space-between;color:var(--soft);font-size:14px;padding:0 4px 12px}
h1{font-size:17px;font-weight:600;margin:0;overflow-wrap:anywhere}
.amount{font-size:40px;font-weight:700;letter-spacing:-.5px;margin:6px 0 20px;font-variant-numeric:tabular-nums}
dl{margin:0 0 24px;border-top:1px solid var(--line)}
dl div{display:flex;justify-content:space-between;gap:16px;padding:10px 0;border-bottom:1px solid var(--line);font-size:14px}
dt{color:var(--soft);white-space:nowrap}dd{margin:0;text-align:right;overflow-wrap:anywhere}
button{display:block;width:100%;font:inherit;font-weight:600;border-radius:12px;padding:13px;border:0;cursor:pointer;margin-top:10px}
button.pay{background:var(--brand);color:#fff}button.decline{background:transparent;color:var(--soft);border:1px solid var(--line)}
button:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
.state{font-weight:700;font-size:22px;margin:0 0 4px}.ok{color:var(--ok)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.note{font-size:14px;margin:0 0 14px}
footer{color:var(--soft);font-size:13px;margin-top:16px;text-align:center;max-width:420px}
)css";

// All words of the pages, once per language: {Chinese, English}.
using Words = std::array<const char*, 2>;
constexpr Words kLang = {"zh-CN", "en"};
constexpr Words kTitle = {"沙箱收银台", "Sandbox checkout"};
constexpr Words kTestOnly = {"测试环境，不会发生真实扣款。", "For tests: no money moves."};
constexpr Words kMerchant = {"商户", "Merchant"};
constexpr Words kOrder = {"订单号", "Order"};
constexpr Words kExpires = {"支付截止", "Pay before"};
constexpr Words kPay = {"确认支付", "Pay"};
constexpr Words kDecline = {"付款失败（模拟）", "Decline (simulate)"};
constexpr Words kExpired = {"订单已过期。现在付款，商户通常会自动退款。",
                            "This order has expired. If you pay now, the merchant will usually refund you."};
constexpr Words kCannotPay = {"无法支付", "Cannot be paid"};

struct StateWords {
  Words words;
  const char* css;
};
// By TradeState.
constexpr StateWords kStates[] = {
    {{"待支付", "Waiting for payment"}, "warn"}, {{"支付处理中", "Processing"}, "warn"}, {{"支付成功", "Paid"}, "ok"},
    {{"支付失败", "Declined"}, "bad"},           {{"订单已关闭", "Closed"}, "bad"},
};

std::string Html(Language language, const std::string& main) {
  const auto say = [language](const Words& words) { return words[static_cast<size_t>(language)]; };
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"", say(kLang),
      "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>",
      say(kTitle), "</title><style>", ToAbsl(kStyle), "</style></head><body><header><span>", say(kTitle),
      "</span><span>SANDBOX</span></header><main>", main, "</main><footer>", say(kTestOnly),
      "</footer></body></html>\n");
}

std::string Row(const char* name, std::string_view value) {
  return absl::StrCat("<div><dt>", name, "</dt><dd>", EscapeHtml(value), "</dd></div>");
}

std::string Form(Language language, const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string form = "<form method=\"post\" action=\"/pay\">";
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&form, "<input type=\"hidden\" name=\"", EscapeHtml(name), "\" value=\"", EscapeHtml(value), "\">");
  }
  absl::StrAppend(&form, "<button class=\"pay\" name=\"action\" value=\"pay\">", kPay[static_cast<size_t>(language)],
                  "</button>", "<button class=\"decline\" name=\"action\" value=\"decline\">",
                  kDecline[static_cast<size_t>(language)], "</button></form>");
  return form;
}

// Digits after the point (ISO 4217).
int Exponent(std::string_view currency) {
  for (const char* none : {"JPY", "KRW", "VND", "CLP"}) {
    if (currency == none) return 0;
  }
  return 2;
}

}  // namespace

Language PreferredLanguage(std::string_view accept_language) {
  for (const absl::string_view piece : absl::StrSplit(ToAbsl(accept_language), ',')) {
    const absl::string_view tag = absl::StripAsciiWhitespace(piece);
    if (absl::StartsWithIgnoreCase(tag, "zh")) return Language::kChinese;
    if (absl::StartsWithIgnoreCase(tag, "en")) return Language::kEnglish;
  }
  return Language::kEnglish;
}

std::string FormatAmount(std::string_view currency, int64_t amount_minor) {
  const std::string symbol = currency == "CNY" ? "¥" : std::string(currency) + " ";
  if (Exponent(currency) == 0) return absl::StrCat(symbol, amount_minor);
  return absl::StrCat(symbol, amount_minor / 100, ".", absl::StrFormat("%02d", amount_minor % 100));
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string PayPage(Language language, const Trade& trade, const std::vector<std::pair<std::string, std::string>>& form,
                    absl::Time now) {
  const auto say = [language](const Words& words) { return words[static_cast<size_t>(language)]; };
  const bool waiting = trade.state == TradeState::kWaiting;
  std::string main;
  if (!waiting) {
    const StateWords& state = kStates[static_cast<int>(trade.state)];
    absl::StrAppend(&main, "<p class=\"state ", state.css, "\">", say(state.words), "</p>");
  }
  const int64_t amount = trade.paid_minor > 0 ? trade.paid_minor : trade.order.amount_minor;
  absl::StrAppend(&main, "<h1>", EscapeHtml(trade.order.subject), "</h1><div class=\"amount\">",
                  FormatAmount(trade.order.currency, amount), "</div>");
  if (waiting && now > trade.order.expire) absl::StrAppend(&main, "<p class=\"note warn\">", say(kExpired), "</p>");
  absl::StrAppend(
      &main, "<dl>", Row(say(kMerchant), trade.order.merchant), Row(say(kOrder), trade.order.out_trade_no),
      Row(say(kExpires), absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", trade.order.expire, absl::UTCTimeZone())), "</dl>");
  if (waiting) main += Form(language, form);
  return Html(language, main);
}

std::string ErrorPage(Language language, const Refusal& refusal) {
  return Html(language, absl::StrCat("<p class=\"state bad\">", kCannotPay[static_cast<size_t>(language)],
                                     "</p><p class=\"note\">", EscapeHtml(refusal.code), "<br>",
                                     EscapeHtml(refusal.message), "</p>"));
}

}  // namespace trivium::payment::sandbox
