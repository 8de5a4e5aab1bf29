// The HTML that a payer sees, in Chinese or English. Pure; every text from outside is escaped.
#pragma once

#include <string>
#include <string_view>

#include "services/payment/psp/sandbox/server/records.h"
#include "services/payment/psp/sandbox/server/refusal.h"

namespace trivium::payment::sandbox {

enum class Language { kChinese, kEnglish };
// The first of the two in an Accept-Language header; English when there is none.
Language PreferredLanguage(std::string_view accept_language);

// "¥299.00", "US$ 5.00", "KRW 500".
std::string FormatAmount(std::string_view currency, int64_t amount_minor);
std::string EscapeHtml(std::string_view text);

// The pay page: with buttons while the trade waits, else with its state. form: the fields of the pay URL, posted back
// by the buttons.
std::string PayPage(Language language, const Trade& trade, const std::vector<std::pair<std::string, std::string>>& form,
                    absl::Time now);
// Why there is no pay page.
std::string ErrorPage(Language language, const Refusal& refusal);

}  // namespace trivium::payment::sandbox
