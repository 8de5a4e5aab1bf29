#include "services/payment/psp/sandbox/adapter.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/http/client.h"
#include "services/payment/domain/payment.h"
#include "services/payment/psp/sandbox/signature.h"

namespace trivium::payment::sandbox {
namespace {

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

std::string HeaderOf(const http::ClientRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

class AdapterTest : public ::testing::Test {
 protected:
  AdapterTest() {
    const std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/merchants.yaml");
    std::ofstream(path) << "# merchants\nacme: \"" << kSecret << "\"\n";
    auto adapter = NewAdapter(
        {"http://psp.test", "http://here/psp/sandbox/notify", path},
        [this](const http::ClientRequest& request) { return Answer(request); }, clock_);
    EXPECT_TRUE(adapter.ok()) << adapter.status();
    psp_ = *std::move(adapter);
  }
  absl::Time Deadline() const { return clock_.Now() + absl::Seconds(5); }

  // Answers with status_ and body_, signed as the PSP does.
  absl::StatusOr<http::Response> Answer(const http::ClientRequest& request) {
    last_ = request;
    if (!error_.ok()) return error_;
    const std::string nonce = HeaderOf(request, "X-Sandbox-Nonce"),
                      time = absl::StrCat(absl::ToUnixSeconds(clock_.Now()));
    http::Response response{.status = status_, .body = body_};
    response.headers = {{"x-sandbox-timestamp", time},
                        {"x-sandbox-nonce", nonce},
                        {"x-sandbox-signature", Sign(signed_with_, MessageText(time, nonce, body_))}};
    return response;
  }
  CallbackRequest Callback(const std::string& body, absl::Duration age = absl::ZeroDuration()) {
    const std::string time = absl::StrCat(absl::ToUnixSeconds(clock_.Now() - age));
    return {{{"x-sandbox-timestamp", time},
             {"x-sandbox-nonce", "nonce-0001"},
             {"x-sandbox-signature", Sign(kSecret, MessageText(time, "nonce-0001", body))}},
            body};
  }
  std::string TradeCallback(const std::string& type, int64_t minor) {
    return absl::StrCat(R"({"id":"sbe_1","event_type":")", type, R"(","merchant":"acme","out_trade_no":")",
                        FormatId(kAttemptIdKind, attempt_),
                        R"(","out_refund_no":"","trade_id":"sbt_1","amount_minor":)", minor,
                        R"(,"currency":"CNY","time":"2026-11-22T08:00:00.000Z"})");
  }

  FakeClock clock_;
  const Id attempt_ = *Id::FromBytes("0123456789abcdef");
  int status_ = 200;
  std::string body_, signed_with_ = kSecret;
  absl::Status error_;
  http::ClientRequest last_;
  std::unique_ptr<Psp> psp_;
};

TEST_F(AdapterTest, SignsThePayUrl) {
  const auto url = psp_->BuildPayUrl({.product = "acme",
                                      .attempt_id = attempt_,
                                      .amount_minor = 29900,
                                      .currency = "CNY",
                                      .subject = "数学 一对一",
                                      .now = clock_.Now(),
                                      .expire_time = clock_.Now() + absl::Minutes(30)});
  ASSERT_TRUE(url.ok()) << url.status();
  const std::string canonical = absl::StrCat(
      "amount_minor=29900&currency=CNY&expire=1795336200&merchant=acme&notify_url=http://here/psp/sandbox/"
      "notify&out_trade_no=",
      FormatId(kAttemptIdKind, attempt_), "&subject=数学 一对一&timestamp=1795334400");
  EXPECT_TRUE(url->ends_with("&sign=" + Sign(kSecret, canonical))) << *url;
  EXPECT_TRUE(url->starts_with("http://psp.test/pay?amount_minor=29900&"));
  EXPECT_EQ(url->find(' '), std::string::npos);
  EXPECT_FALSE(psp_->BuildPayUrl({.product = "globex"}).ok());
}

TEST_F(AdapterTest, TellsWhatMayHaveHappened) {
  struct Case {
    int status;
    const char* body;
    PspOutcome want;
  };
  for (const Case& c : {Case{200, R"({"state":"CLOSED"})", PspOutcome::kDone},
                        {200, R"({"state":"DECLINED"})", PspOutcome::kDone},
                        {409, R"({"code":"ALREADY_PAID"})", PspOutcome::kDeclined},
                        {409, R"({"code":"TRADE_PROCESSING"})", PspOutcome::kDeclined},
                        {401, R"({"code":"SIGN_ERROR"})", PspOutcome::kNotDone},
                        {429, R"({"code":"TOO_MANY"})", PspOutcome::kNotDone},
                        {500, R"({"code":"SYSTEM_ERROR"})", PspOutcome::kError},
                        {200, R"({"state":"WHAT"})", PspOutcome::kMaybe},
                        {200, "[]", PspOutcome::kMaybe},
                        {200, "<html>", PspOutcome::kMaybe},
                        {500, "[]", PspOutcome::kError},
                        {502, "", PspOutcome::kError}}) {
    status_ = c.status;
    body_ = c.body;
    EXPECT_EQ(psp_->Close("acme", attempt_, Deadline()).outcome, c.want) << c.status << " " << c.body;
  }
  EXPECT_EQ(HeaderOf(last_, "X-Sandbox-Signature").size(), 64u);
  error_ = absl::UnavailableError("refused");
  EXPECT_EQ(psp_->Close("acme", attempt_, Deadline()).outcome, PspOutcome::kNotDone);
  error_ = absl::DeadlineExceededError("time-out");
  EXPECT_EQ(psp_->Close("acme", attempt_, Deadline()).outcome, PspOutcome::kMaybe);
}

TEST_F(AdapterTest, BelievesNoAnswerThatIsNotSigned) {
  body_ = R"({"state":"SUCCESS","paid_minor":100,"currency":"CNY"})";
  EXPECT_EQ(psp_->Query("acme", attempt_, Deadline()).value.paid_minor, 100);
  signed_with_ = "another secret of the same length";
  EXPECT_EQ(psp_->Query("acme", attempt_, Deadline()).outcome, PspOutcome::kMaybe);
}

// A proxy whose PSP is away answers at once, with a page of its own: it counted as silence, and slowed questions down.
TEST_F(AdapterTest, AnErrorOfAProxyIsAnErrorAndNoSilence) {
  signed_with_ = "what no proxy has";
  for (const char* body : {"<html><h1>502 Bad Gateway</h1></html>", "", R"({"state":"SUCCESS","paid_minor":100})"}) {
    status_ = 502;
    body_ = body;
    const PspAnswer<Trade> answer = psp_->Query("acme", attempt_, Deadline());
    EXPECT_EQ(answer.outcome, PspOutcome::kError) << body;
    EXPECT_EQ(answer.value.state, TradeState::kNotFound) << "nothing of it is believed";
    EXPECT_EQ(answer.message, "HTTP 502");
    status_ = 404;
    EXPECT_EQ(psp_->Query("acme", attempt_, Deadline()).outcome, PspOutcome::kMaybe) << body;
  }
}

TEST_F(AdapterTest, PaidWithoutAnAmountIsNoAnswer) {
  body_ = R"({"state":"SUCCESS","paid_minor":0,"currency":"CNY"})";
  EXPECT_EQ(psp_->Query("acme", attempt_, Deadline()).outcome, PspOutcome::kMaybe);
}

TEST_F(AdapterTest, ReadsCallbacks) {
  const auto paid = psp_->ParseCallback(Callback(TradeCallback("TRADE.SUCCESS", 29900)), clock_.Now());
  ASSERT_TRUE(paid.ok()) << paid.status();
  EXPECT_EQ(paid->product, "acme");
  EXPECT_EQ(paid->attempt_id, attempt_);
  EXPECT_EQ(paid->trade.paid_minor, 29900);
  EXPECT_EQ(paid->key, "nonce-0001");
}

TEST_F(AdapterTest, RefusesForgedOldAndMalformedCallbacks) {
  using absl::StatusCode;
  const std::string body = TradeCallback("TRADE.SUCCESS", 29900);
  const auto code = [&](const CallbackRequest& request) {
    return psp_->ParseCallback(request, clock_.Now()).status().code();
  };
  CallbackRequest changed = Callback(body);
  changed.body[changed.body.size() - 3] ^= 1;
  EXPECT_NE(code(changed), StatusCode::kOk);
  CallbackRequest spaced = Callback(body);
  spaced.body += " ";
  EXPECT_EQ(code(spaced), StatusCode::kUnauthenticated);
  EXPECT_EQ(code(Callback(body, absl::Minutes(5))), StatusCode::kUnauthenticated);
  EXPECT_EQ(code(Callback(body, -absl::Minutes(5))), StatusCode::kUnauthenticated);
  EXPECT_EQ(code({{}, body}), StatusCode::kUnauthenticated);
  EXPECT_EQ(code(Callback("{}")), StatusCode::kUnauthenticated);
  for (const std::string& bad : {std::string(""), std::string("[]"), std::string("\xff\xfe")})
    EXPECT_EQ(code(Callback(bad)), StatusCode::kInvalidArgument) << bad;
  EXPECT_EQ(code(Callback(TradeCallback("TRADE.SUCCESS", 0))), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Callback(TradeCallback("TRADE.EXPLODED", 1))), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trivium::payment::sandbox
