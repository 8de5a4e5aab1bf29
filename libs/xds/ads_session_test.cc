#include "libs/xds/ads_session.h"

#include <gtest/gtest.h>

#include <vector>

#include "external/envoy/discovery.pb.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;
using Taken = AdsSession::Taken;

ResourceStore::Snapshot SnapshotOf(ResourcesByType by_type) {
  std::string version = ContentVersion(by_type);
  return {std::move(by_type), std::move(version)};
}

DiscoveryRequest Request(std::string_view type, const std::vector<std::string>& names, const std::string& nonce = "",
                         const std::string& version = "") {
  DiscoveryRequest request;
  request.set_type_url(std::string(type));
  for (const std::string& name : names) request.add_resource_names(name);
  request.set_response_nonce(nonce);
  request.set_version_info(version);
  return request;
}

std::vector<std::string> Values(const DiscoveryResponse& response) {
  std::vector<std::string> values;
  for (const auto& resource : response.resources()) values.push_back(resource.value());
  return values;
}

const std::string kLds(kListenerType), kRds(kRouteType), kCds(kClusterType), kEds(kEndpointType);

TEST(AdsSessionTest, AnswersOnceAndThenOnlyOnChange) {
  AdsSession session;
  DiscoveryResponse response;
  const auto first = SnapshotOf({{kLds, {{"a", "1"}}}});
  EXPECT_EQ(session.OnRequest(Request(kLds, {"a"})).value(), Taken::kSubscribed);
  ASSERT_TRUE(session.Next(first, &response));
  EXPECT_EQ(Values(response), std::vector<std::string>{"1"});
  EXPECT_EQ(response.version_info(), first.version);
  EXPECT_FALSE(session.Next(first, &response));
  EXPECT_EQ(session.OnRequest(Request(kLds, {"a"}, response.nonce(), first.version)).value(), Taken::kAck);
  EXPECT_EQ(session.AckedVersion(kLds), first.version);
  EXPECT_FALSE(session.Next(first, &response));
  // Another type changed: this one is not sent again, though the version is new.
  EXPECT_FALSE(session.Next(SnapshotOf({{kLds, {{"a", "1"}}}, {kRds, {{"r", "1"}}}}), &response));
  ASSERT_TRUE(session.Next(SnapshotOf({{kLds, {{"a", "2"}}}}), &response));
  EXPECT_EQ(Values(response), std::vector<std::string>{"2"});
}

TEST(AdsSessionTest, LdsAndCdsCarryAllThatIsSubscribedEdsAndRdsOnlyWhatIsNew) {
  for (const std::string& type : {kLds, kCds, kEds, kRds}) {
    AdsSession session;
    DiscoveryResponse response;
    const auto snapshot = SnapshotOf({{type, {{"a", "A"}, {"b", "B"}, {"unasked", "U"}}}});
    ASSERT_TRUE(session.OnRequest(Request(type, {"a"})).ok());
    ASSERT_TRUE(session.Next(snapshot, &response));
    ASSERT_TRUE(session.OnRequest(Request(type, {"a", "b"}, response.nonce(), snapshot.version)).ok());
    ASSERT_TRUE(session.Next(snapshot, &response));
    const std::vector<std::string> full{"A", "B"}, partial{"B"};
    EXPECT_EQ(Values(response), NeedsFullSet(type) ? full : partial) << type;
  }
}

TEST(AdsSessionTest, RemembersUnknownNamesAndNeverAnswersWithoutContent) {
  AdsSession session;
  DiscoveryResponse response;
  ASSERT_TRUE(session.OnRequest(Request(kLds, {"later"})).ok());
  EXPECT_FALSE(session.Next(ResourceStore::Snapshot(), &response));
  EXPECT_FALSE(session.Next(SnapshotOf({{kLds, {{"other", "x"}}}}), &response));
  ASSERT_TRUE(session.Next(SnapshotOf({{kLds, {{"later", "L"}}}}), &response));
  EXPECT_EQ(Values(response), std::vector<std::string>{"L"});
}

TEST(AdsSessionTest, TellsADeletedListenerByLeavingItOut) {
  AdsSession session;
  DiscoveryResponse response;
  ASSERT_TRUE(session.OnRequest(Request(kLds, {"a", "b"})).ok());
  ASSERT_TRUE(session.Next(SnapshotOf({{kLds, {{"a", "A"}, {"b", "B"}}}}), &response));
  ASSERT_TRUE(session.Next(SnapshotOf({{kLds, {{"b", "B"}}}}), &response));
  EXPECT_EQ(Values(response), std::vector<std::string>{"B"});
  AdsSession eds;
  ASSERT_TRUE(eds.OnRequest(Request(kEds, {"a"})).ok());
  ASSERT_TRUE(eds.Next(SnapshotOf({{kEds, {{"a", "A"}}}}), &response));
  EXPECT_FALSE(eds.Next(SnapshotOf({{kEds, {}}}), &response));
}

TEST(AdsSessionTest, SendsAResourceAgainWhenItsNameWasDroppedAndCameBack) {
  AdsSession session;
  DiscoveryResponse response;
  const auto snapshot = SnapshotOf({{kEds, {{"a", "A"}}}});
  ASSERT_TRUE(session.OnRequest(Request(kEds, {"a"})).ok());
  ASSERT_TRUE(session.Next(snapshot, &response));
  ASSERT_TRUE(session.OnRequest(Request(kEds, {}, response.nonce())).ok());
  EXPECT_FALSE(session.Next(snapshot, &response));
  ASSERT_TRUE(session.OnRequest(Request(kEds, {"a"}, response.nonce())).ok());
  EXPECT_TRUE(session.Next(snapshot, &response));
}

TEST(AdsSessionTest, IgnoresStaleAndWrongNonces) {
  AdsSession session;
  DiscoveryResponse response;
  const auto snapshot = SnapshotOf({{kLds, {{"a", "A"}, {"b", "B"}}}});
  EXPECT_EQ(session.OnRequest(Request(kLds, {"a"}, "never-sent")).value(), Taken::kStaleNonce);
  EXPECT_FALSE(session.Next(snapshot, &response));
  ASSERT_TRUE(session.OnRequest(Request(kLds, {"a"})).ok());
  ASSERT_TRUE(session.Next(snapshot, &response));
  EXPECT_EQ(session.OnRequest(Request(kLds, {"a", "b"}, "")).value(), Taken::kStaleNonce);
  EXPECT_EQ(session.OnRequest(Request(kLds, {"a", "b"}, std::string(100000, 'n'))).value(), Taken::kStaleNonce);
  EXPECT_FALSE(session.Next(snapshot, &response));
}

TEST(AdsSessionTest, DoesNotSendAgainAfterANackUntilContentChanges) {
  AdsSession session;
  DiscoveryResponse response;
  const auto bad = SnapshotOf({{kCds, {{"c", "bad"}}}});
  ASSERT_TRUE(session.OnRequest(Request(kCds, {"c"})).ok());
  ASSERT_TRUE(session.Next(bad, &response));
  DiscoveryRequest nack = Request(kCds, {"c"}, response.nonce());
  nack.mutable_error_detail()->set_message("cluster: no lb_policy");
  EXPECT_EQ(session.OnRequest(nack).value(), Taken::kNack);
  EXPECT_EQ(session.AckedVersion(kCds), "");
  EXPECT_FALSE(session.Next(bad, &response));
  EXPECT_TRUE(session.Next(SnapshotOf({{kCds, {{"c", "good"}}}}), &response));
}

TEST(AdsSessionTest, SendsChangesInTheOrderCdsEdsLdsRds) {
  AdsSession session;
  DiscoveryResponse response;
  for (const std::string& type : {kRds, kLds, kEds, kCds}) ASSERT_TRUE(session.OnRequest(Request(type, {"x"})).ok());
  const auto all = SnapshotOf({{kLds, {{"x", "1"}}}, {kRds, {{"x", "1"}}}, {kCds, {{"x", "1"}}}, {kEds, {{"x", "1"}}}});
  std::vector<std::string> order;
  while (session.Next(all, &response)) order.push_back(response.type_url());
  EXPECT_EQ(order, (std::vector<std::string>{kCds, kEds, kLds, kRds}));
}

TEST(AdsSessionTest, SurvivesHostileRequests) {
  AdsSession session;
  EXPECT_EQ(session.OnRequest(Request("", {"a"})).value(), Taken::kUnknownType);
  EXPECT_EQ(session.OnRequest(Request("type.googleapis.com/\xff garbage", {"a"})).value(), Taken::kUnknownType);
  const std::vector<std::string> many(10000, "name");
  EXPECT_EQ(session.OnRequest(Request(kLds, many)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(session.OnRequest(Request(kLds, {std::string(kMaxNameBytes + 1, 'n')})).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(session.OnRequest(Request(kLds, std::vector<std::string>(kMaxNames, "name"))).ok());
}

}  // namespace
}  // namespace trivium::xds
