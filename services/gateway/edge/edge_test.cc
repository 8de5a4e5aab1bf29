#include "services/gateway/edge/edge.h"

#include <gtest/gtest.h>

#include "services/gateway/edge/client_address.h"
#include "services/gateway/edge/edge_fixture.h"

namespace trivium::gateway {
namespace {

constexpr char kPath[] = "/connection/websocket";

Headers Handshake(Headers more = {}) {
  Headers headers = {{"Upgrade", "websocket"},
                     {"Connection", "keep-alive, Upgrade"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

Headers Without(const std::string& name, const std::string& value = "") {
  Headers headers;
  for (const auto& header : Handshake()) {
    if (header.first != name) headers.push_back(header);
  }
  if (!value.empty()) headers.emplace_back(name, value);
  return headers;
}

TEST_F(EdgeTest, HandsAWebSocketOver) {
  const Answer answer = Send("GET", kPath, Handshake({{"Origin", "https://class.acme.com"}}));
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") << "RFC 6455 section 1.3";
  EXPECT_EQ(answer.headers.at("upgrade"), "websocket");
  EXPECT_EQ(answer.headers.at("connection"), "Upgrade");
  EXPECT_EQ(answer.headers.count("sec-websocket-protocol"), 0u);
  const auto adopted = WaitForAdopted(1);
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0].socket.peer, "127.0.0.1");
  EXPECT_EQ(adopted[0].handshake.origin, "https://class.acme.com");
  EXPECT_FALSE(adopted[0].handshake.protobuf);
}

TEST_F(EdgeTest, BytesBehindTheHandshakeAreNotLost) {
  http::RawConnection connection(edge().port());
  std::string request = std::string("GET ") + kPath + " HTTP/1.1\r\nHost: a\r\n";
  for (const auto& [name, value] : Handshake()) request += name + ": " + value + "\r\n";
  connection.Send(request + "\r\nfirst frame");
  EXPECT_EQ(ParseAnswer(connection.ReadAnswer()).status, 101);
  const auto adopted = WaitForAdopted(1);
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0].socket.received, "first frame");
  // The socket itself is ours now.
  ASSERT_EQ(send(adopted[0].socket.fd, "hello", 5, 0), 5);
  shutdown(adopted[0].socket.fd, SHUT_RDWR);
  EXPECT_EQ(connection.ReadAll(), "hello");
}

TEST_F(EdgeTest, TheFormIsNegotiated) {
  const struct {
    std::string query, offered, answered;
    bool protobuf;
  } kCases[] = {
      {"", "", "", false},
      {"", "centrifuge-json", "centrifuge-json", false},
      {"", "centrifuge-protobuf", "centrifuge-protobuf", true},
      {"", "chat, centrifuge-protobuf, centrifuge-json", "centrifuge-protobuf", true},
      {"", "centrifuge-json, centrifuge-protobuf", "centrifuge-json", false},
      {"", "chat", "", false},
      {"?cf_protocol=protobuf", "", "", true},
      {"?cf_protocol=json", "", "", false},
      {"?cf_protocol=protobuf", "centrifuge-json", "centrifuge-json", false},
  };
  size_t count = 0;
  for (const auto& c : kCases) {
    Headers more;
    if (!c.offered.empty()) more.emplace_back("Sec-WebSocket-Protocol", c.offered);
    const Answer answer = Send("GET", kPath + c.query, Handshake(more));
    EXPECT_EQ(answer.status, 101) << c.offered;
    const auto header = answer.headers.find("sec-websocket-protocol");
    EXPECT_EQ(header == answer.headers.end() ? "" : header->second, c.answered) << c.offered;
    const auto adopted = WaitForAdopted(++count);
    ASSERT_EQ(adopted.size(), count);
    EXPECT_EQ(adopted.back().handshake.protobuf, c.protobuf) << c.query << c.offered;
  }
}

TEST_F(EdgeTest, HalfHandshakesAreToldWhatIsMissing) {
  const struct {
    const char* what;
    Headers headers;
    int status;
  } kCases[] = {
      {"no upgrade", Without("Upgrade"), 426},
      {"another upgrade", Without("Upgrade", "h2c"), 426},
      {"no connection", Without("Connection"), 426},
      {"connection without upgrade", Without("Connection", "keep-alive"), 426},
      {"no version", Without("Sec-WebSocket-Version"), 426},
      {"old version", Without("Sec-WebSocket-Version", "8"), 426},
      {"no key", Without("Sec-WebSocket-Key"), 400},
      {"short key", Without("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), 400},
      {"no base64", Without("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="), 400},
      {"two keys", Handshake({{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}}), 400},
      {"two origins", Handshake({{"Origin", "https://class.acme.com"}, {"Origin", "https://class.acme.com"}}), 400},
      {"no page of ours", Handshake({{"Origin", "https://evil.com"}}), 403},
      {"a body", Handshake({{"Content-Length", "2"}}), 400},
  };
  for (const auto& c : kCases) {
    const Answer answer = Send("GET", kPath, c.headers, std::string(c.what) == "a body" ? "ab" : "");
    EXPECT_EQ(answer.status, c.status) << c.what;
  }
  EXPECT_EQ(Send("GET", kPath, Without("Sec-WebSocket-Version")).headers.at("sec-websocket-version"), "13");
  EXPECT_EQ(Send("POST", kPath, Handshake()).status, 405);
}

TEST_F(EdgeTest, ClientsGoElsewhereWhileItIsNotReady) {
  EXPECT_EQ(Send("GET", "/healthz", {}).status, 200);
  SetReady(absl::UnavailableError("redis: read-only"));
  EXPECT_EQ(Send("GET", "/healthz", {}).status, 503);
  EXPECT_EQ(Send("GET", "/healthz", {}).body.find("redis"), std::string::npos) << "strangers read this";
  EXPECT_EQ(Send("GET", kPath, Handshake()).status, 503);
  EXPECT_EQ(Call("/command/echo", "{}").status, 200) << "calls that come all the same are served";
  SetReady(absl::OkStatus());
  EXPECT_EQ(Send("GET", kPath, Handshake()).status, 101);
}

TEST_F(EdgeTest, WhoComesBeforeTheDrainIsServedThoughItIsNearAndWhoComesLaterIsRefusedByTheKernel) {
  SetLeaving();
  EXPECT_EQ(Send("GET", "/healthz", {}).status, 503);
  EXPECT_EQ(Send("GET", kPath, Handshake()).status, 101);
  http::RawConnection health(edge().port()), socket(edge().port()), call(edge().port());
  for (http::RawConnection* open : {&health, &socket, &call}) {
    open->Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(ParseAnswer(open->ReadAnswer()).status, 503);
  }
  edge().Drain();
  EXPECT_FALSE(http::RawConnection(edge().port()).connected());
  EXPECT_EQ(SendOn(health, "GET", "/healthz", {}).status, 503);
  EXPECT_EQ(SendOn(socket, "GET", kPath, Handshake()).status, 503);
  const Answer last = SendOn(call, "POST", "/command/echo", AsUser(), "{}");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.headers.at("connection"), "close");
}

TEST_F(EdgeTest, OversizedRequestsAreCutOff) {
  options_.server.max_body_bytes = 1000;
  options_.server.max_header_bytes = 4000;
  EXPECT_EQ(Call("/command/echo", std::string(1001, ' ')).status, 413);
  EXPECT_EQ(Call("/command/echo", "{}", {{"X-Long", std::string(4000, 'x')}}).status, 431);
  EXPECT_EQ(Call("/command/echo", "{}").status, 200);
}

TEST_F(EdgeTest, SlowlorisLosesItsConnectionAndNobodyElses) {
  options_.server.header_timeout = absl::Milliseconds(300);
  options_.server.body_timeout = absl::Milliseconds(300);
  http::RawConnection head(edge().port()), body(edge().port()), silent(edge().port());
  head.Send("POST /command/echo HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  body.Send("POST /command/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
  // A byte now and then does not give it more time.
  for (int i = 0; i < 4; ++i) {
    usleep(100'000);
    head.Send("x");
    body.Send(" ");
  }
  EXPECT_EQ(Call("/command/echo", "{}").status, 200);
  for (http::RawConnection* connection : {&head, &body, &silent})
    EXPECT_EQ(connection->ReadAll().find("(timeout)"), std::string::npos);
}

TEST_F(EdgeTest, MoreConnectionsThanItTakesAreTold) {
  options_.server.max_connections = 2;
  http::RawConnection first(edge().port()), second(edge().port());
  first.Send("GET ");
  second.Send("GET ");
  usleep(50'000);
  http::RawConnection third(edge().port());
  EXPECT_EQ(ParseAnswer(third.ReadAnswer()).status, 503);
}

class ProxiedEdgeTest : public EdgeTest {
 protected:
  ProxiedEdgeTest() {
    options_.server.proxy_protocol = true;
    options_.server.proxies = http::AddressSet::Parse({"127.0.0.1"}).value();
  }
  // What comes back for these bytes.
  std::string Exchange(const std::string& bytes) {
    http::RawConnection connection(edge().port());
    connection.Send(bytes);
    connection.HalfClose();
    return connection.ReadAll();
  }
  std::string Upgrade() {
    std::string request = std::string("GET ") + kPath + " HTTP/1.1\r\nHost: a\r\n";
    for (const auto& [name, value] : Handshake()) request += name + ": " + value + "\r\n";
    return request + "\r\n";
  }
};

TEST_F(ProxiedEdgeTest, TheProxySaysWhoTheClientIs) {
  http::RawConnection v1(edge().port()), v2(edge().port());
  v1.Send("PROXY TCP4 203.0.113.7 10.0.0.1 50000 443\r\n" + Upgrade());
  EXPECT_EQ(ParseAnswer(v1.ReadAnswer()).status, 101);
  auto adopted = WaitForAdopted(1);
  ASSERT_EQ(adopted.size(), 1u);
  EXPECT_EQ(adopted[0].socket.peer, "203.0.113.7");

  const std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x08\x0a\0\0\x01\xc3\x50\x01\xbb", 28);
  for (const char c : header) v2.Send(std::string(1, c));  // In pieces.
  v2.Send(Upgrade());
  EXPECT_EQ(ParseAnswer(v2.ReadAnswer()).status, 101);
  adopted = WaitForAdopted(2);
  ASSERT_EQ(adopted.size(), 2u);
  EXPECT_EQ(adopted[1].socket.peer, "203.0.113.8");
}

TEST_F(ProxiedEdgeTest, ConnectionsAndHandshakesOfOneAddressAreLimited) {
  options_.address_limits.connections = {1e-3, 3};
  options_.address_limits.handshakes = {1e-3, 2};
  const auto status = [&](const std::string& ip) {
    http::RawConnection connection(edge().port());
    const std::string family = ip.find(':') == std::string::npos ? "TCP4 " : "TCP6 ";
    connection.Send("PROXY " + family + ip + (family == "TCP4 " ? " 10.0.0.1" : " fd00::1") + " 50000 443\r\n" +
                    Upgrade());
    return ParseAnswer(connection.ReadAnswer()).status;
  };
  EXPECT_EQ(status("203.0.113.7"), 101);
  EXPECT_EQ(status("203.0.113.7"), 101);
  EXPECT_EQ(status("203.0.113.7"), 429) << "a third handshake";
  EXPECT_EQ(status("203.0.113.7"), 0) << "a fourth connection is closed";
  EXPECT_EQ(status("203.0.113.8"), 101) << "another's";
  // One /64 is one customer.
  EXPECT_EQ(status("2001:db8:1:2::1"), 101);
  EXPECT_EQ(status("2001:db8:1:2:ffff::2"), 101);
  EXPECT_EQ(status("2001:db8:1:2::3"), 429);
  EXPECT_EQ(status("2001:db8:1:3::1"), 101);
  Metrics& metrics = world().metrics();
  const Metric refused{"trivium_gateway_address_refused_total", "", {"what"}};
  EXPECT_EQ(metrics.GetCounter(refused, {"handshake"}).Value(), 2);
  EXPECT_EQ(metrics.GetCounter(refused, {"connection"}).Value(), 1);
}

TEST_F(EdgeTest, ATrustedProxyBringsEverybodysConnections) {
  options_.trusted_proxies = http::AddressSet::Parse({"127.0.0.1"}).value();
  options_.address_limits.connections = options_.address_limits.handshakes = {1e-3, 1};
  for (const char* client : {"203.0.113.7", "203.0.113.8", "203.0.113.9"}) {
    EXPECT_EQ(Send("GET", kPath, Handshake({{"X-Forwarded-For", client}})).status, 101);
  }
  const Answer refused = Send("GET", kPath, Handshake({{"X-Forwarded-For", "203.0.113.9"}}));
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.headers.find("retry-after"), refused.headers.end());
}

TEST(CountedPrefixTest, V4ByAddressAndV6BySixtyFourBits) {
  EXPECT_EQ(CountedPrefix("1.2.3.4"), std::string("\1\2\3\4"));
  EXPECT_EQ(CountedPrefix("::ffff:1.2.3.4"), CountedPrefix("1.2.3.4"));
  EXPECT_EQ(CountedPrefix("2001:db8::1"), CountedPrefix("2001:db8:0:0:1::"));
  EXPECT_NE(CountedPrefix("2001:db8::1"), CountedPrefix("2001:db8:0:1::1"));
  for (const char* none : {"", "1.2.3", "unix"}) EXPECT_EQ(CountedPrefix(none), "") << none;
}

TEST_F(ProxiedEdgeTest, WithoutAGoodHeaderNothingIsServed) {
  EXPECT_EQ(Exchange(Upgrade()), "");
  EXPECT_EQ(Exchange("PROXY TCP4 garbage\r\n" + Upgrade()), "");
  EXPECT_EQ(Exchange("PROXY UNKNOWN " + std::string(200, 'x') + "\r\n" + Upgrade()), "");
  EXPECT_EQ(Exchange(std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", 16) + std::string(70'000, 'x')), "");
  EXPECT_EQ(Exchange(std::string(10'000, '\0')), "");
  EXPECT_EQ(Exchange("PROXY "), "");
  EXPECT_NE(Exchange("PROXY UNKNOWN\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").find("200 OK"), std::string::npos);
}

TEST_F(ProxiedEdgeTest, OnlyTrustedProxiesAreHeard) {
  options_.server.proxies = http::AddressSet::Parse({"10.0.0.0/8"}).value();
  EXPECT_EQ(Exchange("PROXY UNKNOWN\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), "");
}

TEST(ClientAddressTest, BelievesTrustedProxiesAlone) {
  const http::AddressSet trusted = http::AddressSet::Parse({"10.0.0.0/8"}).value();
  const auto address = [&](const std::string& peer, const std::vector<std::string>& forwarded) {
    http::Request request;
    request.peer = peer;
    for (const std::string& value : forwarded) request.headers.emplace_back("x-forwarded-for", value);
    return ClientAddress(request, trusted);
  };
  EXPECT_EQ(address("203.0.113.1:5", {"1.2.3.4"}), "203.0.113.1");
  EXPECT_EQ(address("10.0.0.1:5", {"1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(address("10.0.0.1:5", {}), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.1:5", {"9.9.9.9, 1.2.3.4", "10.0.0.2"}), "1.2.3.4");
  EXPECT_EQ(address("10.0.0.1:5", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3") << "all of them proxies";
  EXPECT_EQ(address("10.0.0.1:5", {"1.2.3.4, garbage"}), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.1:5", {"1.2.3.4, garbage, 10.0.0.2"}), "10.0.0.2");
  EXPECT_EQ(address("10.0.0.1:5", {""}), "10.0.0.1");
  EXPECT_EQ(address("[fd00::1]:5", {"1.2.3.4"}), "fd00::1");
}

}  // namespace
}  // namespace trivium::gateway
