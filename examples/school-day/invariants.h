// What must hold at the end of a day. Pure: each check gives a sentence for everything that does not hold.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "examples/school-day/views.h"

namespace trivium::schoolday {

using Sentences = std::vector<std::string>;

// Debits = credits, and every balance is the sum of its entries.
Sentences CheckLedger(const DayRecord& day);
// Each successful trade of the PSP belongs to exactly one payment; no order has paid twice; nobody has paid without an
// order.
Sentences CheckNoDoubleCharge(const DayRecord& day);
// Every payment that CreatePayment answered exists; every order that was paid at the PSP is a payment that has
// succeeded, or its money went back.
Sentences CheckNoLostPayment(const DayRecord& day);
// What the PSP holds for this day's payments is what the payments and refunds say, payment by payment; and its account
// equals platform cash.
Sentences CheckMoneyAtPsp(const DayRecord& day);
// Every payment and refund has ended, and in the way that its scenario asks for.
Sentences CheckOutcomes(const DayRecord& day);
// The fold of the events equals what Get answers.
Sentences CheckEventsEqualStates(const DayRecord& day);
// No payment or refund is seen by two products.
Sentences CheckIsolation(const std::vector<DayRecord>& days);

// All of them, of what has settled, and the complaints of the day; at most 15 sentences a product, each begins with the
// product's name.
Sentences CheckAll(const std::vector<DayRecord>& days);

// Orders (order_ref) of which something is still on its way, so that they cannot be judged yet: by events alone.
std::set<std::string> OnTheirWay(const std::vector<OrderRecord>& orders,
                                 const std::map<std::string, PaymentView>& payments,
                                 const std::map<std::string, RefundView>& refunds);
// A sentence for each order that has not settled, with how its payments stand.
Sentences CheckSettled(const DayRecord& day);
// What can be judged: the day without the orders that have not settled. Its cash says nothing then.
DayRecord OnlySettled(DayRecord day);

}  // namespace trivium::schoolday
