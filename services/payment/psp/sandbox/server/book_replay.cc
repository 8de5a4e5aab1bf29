// The Book as an earlier run left it in the journal.
#include <nlohmann/json.hpp>

#include "services/payment/psp/sandbox/server/book.h"

namespace trivium::payment::sandbox {

void Book::ReplayTrade(Trade trade) {
  Trade* const kept = Find(trade.order.merchant, trade.order.out_trade_no);
  if (kept == nullptr) {
    Add(std::move(trade));
    return;
  }
  trade.refunds = kept->refunds;
  *kept = std::move(trade);
}

bool Book::ReplayRefund(std::string_view merchant, Refund refund) {
  Trade* const trade = Find(merchant, refund.out_trade_no);
  if (trade == nullptr) return false;
  std::unique_ptr<Refund>& kept = refunds_[Key(merchant, refund.out_refund_no)];
  if (kept == nullptr) {
    kept = std::make_unique<Refund>();
    trade->refunds.push_back(kept.get());
  }
  *kept = std::move(refund);
  return true;
}

void Book::ReplayCallback(Callback callback) {
  if (const auto old = callbacks_.find(callback.key); old != callbacks_.end()) {
    due_.erase({old->second.due, callback.key});
    callbacks_.erase(old);
  }
  if (!callback.done) Put(std::move(callback));
}

bool Book::Replay(std::string_view text) {
  const nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
  try {
    const std::string type = line.at("t");
    if (type == "refund") return ReplayRefund(line.at("merchant").get<std::string>(), RefundOfLine(line));
    if (type == "trade") {
      ReplayTrade(TradeOfLine(line));
    } else if (type == "callback") {
      ReplayCallback(CallbackOfLine(line));
    } else {
      nlohmann::json faults = line;
      faults.erase("t");
      return type == "faults" && !ParseFaults(faults, &faults_);
    }
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

void Book::FinishReplay() {
  for (const auto& [unused, trade] : trades_) {
    if (trade->state == TradeState::kProcessing)
      settlements_.emplace(trade->settle_at, Settlement{trade.get(), nullptr});
    for (Refund* refund : trade->refunds) {
      if (refund->state == RefundState::kProcessing)
        settlements_.emplace(refund->finished_at, Settlement{trade.get(), refund});
    }
  }
}

std::vector<std::string> Book::Dump() const {
  nlohmann::json faults = ToJson(faults_);
  faults["t"] = "faults";
  std::vector<std::string> lines = {faults.dump()};
  for (const auto& [unused, trades] : by_merchant_) {
    for (const Trade* trade : trades) {
      lines.push_back(ToLine(*trade));
      for (const Refund* refund : trade->refunds) lines.push_back(ToLine(*refund, *trade));
    }
  }
  for (const auto& [unused, callback] : callbacks_) lines.push_back(ToLine(callback));
  return lines;
}

}  // namespace trivium::payment::sandbox
