#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

#include "services/push/domain/counts.h"
#include "services/push/domain/delivery_state.h"
#include "services/push/domain/message_state.h"

namespace trivium::push {
namespace {

using D = DeliveryState;
using M = MessageState;

TEST(DeliveryStateTest, OnlyTheTableMoves) {
  const std::set<std::pair<D, D>> legal = {{D::kPending, D::kAcked},
                                           {D::kPending, D::kVendor},
                                           {D::kPending, D::kExpired},
                                           {D::kPending, D::kDropped},
                                           {D::kVendor, D::kAcked}};
  for (int from = 1; from <= 5; ++from) {
    for (int to = 1; to <= 5; ++to) {
      const std::pair move(static_cast<D>(from), static_cast<D>(to));
      EXPECT_EQ(CanMove(move.first, move.second), legal.contains(move)) << from << " -> " << to;
    }
  }
}

TEST(DeliveryStateTest, EveryMoveKeepsTheLedgerTrue) {
  for (const DeliveryTransition& t : kDeliveryTransitions) {
    for (int reason = 1; reason <= kDropReasons; ++reason) {
      Counts counts = AcceptedChange(10);
      if (t.from == D::kVendor) counts += MoveChange(D::kPending, D::kVendor, 10);
      counts += MoveChange(t.from, t.to, 7, t.to == D::kDropped ? static_cast<DropReason>(reason) : DropReason::kNone);
      EXPECT_TRUE(IsLedger(counts)) << StateName(t.from) << " -> " << StateName(t.to);
      EXPECT_EQ(counts.accepted, 10);
      EXPECT_EQ(t.from == D::kVendor ? counts.vendor : counts.pending, 3);
    }
  }
  EXPECT_TRUE(IsLedger(ConnectionsChange(5, 2)));
  EXPECT_EQ(ConnectionsChange(5, 2).accepted, 7);
}

TEST(DeliveryStateTest, ALedgerThatDoesNotAddUpIsSeen) {
  EXPECT_FALSE(Conserved({.accepted = 1}));
  EXPECT_TRUE(Conserved({.acked = 1, .pending = -1}));
  EXPECT_FALSE(IsLedger({.acked = 1, .pending = -1}));
  Counts dropped{.accepted = 2};
  dropped.Dropped(DropReason::kCollapsed) = 3;
  dropped.Dropped(DropReason::kCanceled) = -1;
  EXPECT_TRUE(Conserved(dropped));
  EXPECT_FALSE(IsLedger(dropped));
}

TEST(DeliveryStateTest, ReasonsHaveTheNamesOfTheApi) {
  for (int i = 1; i <= kDropReasons; ++i) {
    EXPECT_EQ(DropReasonOf(ReasonName(static_cast<DropReason>(i))), static_cast<DropReason>(i));
  }
  EXPECT_EQ(DropReasonOf(""), DropReason::kNone);
  EXPECT_EQ(DropReasonOf("slow_reader"), DropReason::kNone);
}

TEST(MessageStateTest, OnlyTheTableMoves) {
  const std::set<std::pair<M, M>> legal = {{M::kScheduled, M::kAccepted}, {M::kScheduled, M::kCanceled},
                                           {M::kAccepted, M::kSent},      {M::kAccepted, M::kCanceled},
                                           {M::kSent, M::kCompleted},     {M::kSent, M::kCanceled}};
  for (int from = 1; from <= 5; ++from) {
    for (int to = 1; to <= 5; ++to) {
      const std::pair move(static_cast<M>(from), static_cast<M>(to));
      EXPECT_EQ(CanMove(move.first, move.second), legal.contains(move)) << from << " -> " << to;
    }
  }
}

}  // namespace
}  // namespace trivium::push
