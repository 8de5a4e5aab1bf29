#include "tests/drills/keepsake.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace trivium::drills {
namespace {

using nlohmann::json;

constexpr char kSchema[] = "trivium.drill.keep/1";

}  // namespace

absl::Status WriteKeepsake(const Keepsake& keepsake, const std::string& path) {
  json payments = json::array();
  for (const auto& [n, payment] : keepsake.payments) {
    payments.push_back({n, payment.payment_id, absl::ToUnixMicros(payment.time)});
  }
  const json value = {{"schema", kSchema},
                      {"run_id", keepsake.run_id},
                      {"product", keepsake.product},
                      {"room_id", keepsake.room_id},
                      {"payments", payments},
                      {"absent", keepsake.absent},
                      {"end", absl::ToUnixMicros(keepsake.end)}};
  std::ofstream file(path, std::ios::binary);
  file << value.dump() << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat(path, ": cannot be written"));
}

absl::StatusOr<Keepsake> ReadKeepsake(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  const json value = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || value.value("schema", "") != kSchema) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": want JSON of schema ", kSchema));
  }
  Keepsake keepsake{value.at("run_id"),  value.at("product"),
                    value.at("room_id"), {},
                    value.at("absent"),  absl::FromUnixMicros(value.at("end"))};
  for (const json& payment : value.at("payments")) {
    keepsake.payments[payment.at(0)] = {payment.at(1), absl::FromUnixMicros(payment.at(2))};
  }
  return keepsake;
}

Survival SurvivalOf(const Keepsake& keepsake, absl::Time backup_begin, const std::map<int64_t, bool>& there) {
  Survival survival;
  absl::Time first_lost = absl::InfiniteFuture();
  for (const auto& [n, payment] : keepsake.payments) {
    const auto it = there.find(n);
    const bool lost = it == there.end() || !it->second;
    const bool before = payment.time < backup_begin;
    ++(before ? survival.before : survival.after);
    if (!lost) continue;
    ++(before ? survival.before_lost : survival.after_lost);
    first_lost = std::min(first_lost, payment.time);
  }
  survival.holds_until = std::min(first_lost, keepsake.end);
  return survival;
}

}  // namespace trivium::drills
