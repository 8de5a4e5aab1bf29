#include "libs/rpc/tls.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include "libs/rpc/guarded_payment.h"

namespace trivium::rpc {
namespace {

constexpr char kPaymentUri[] = "spiffe://trivium/service/payment";

// Until condition holds, at most 20 s: files are looked at every second.
bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 200; ++i) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(100));
  }
  return false;
}

grpc::StatusCode Call(const GuardedPayment& payment, const TlsFiles& tls) {
  Payment out;
  return CallCreate(*payment.Dial(tls), &out).error_code();
}

TEST(TlsTest, AnExpiredOrForeignCertificateFailsTheHandshake) {
  TestPki pki, stranger;
  GuardedPayment payment;
  payment.Start(pki.Service("payment"));
  EXPECT_EQ(Call(payment, pki.ExpiredProduct("acme")), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(payment,
                 pki.Make({.file = "self", .uris = {"spiffe://trivium/product/acme"}, .dns = {}, .self_signed = true})),
            grpc::StatusCode::UNAVAILABLE);
  TlsFiles foreign = stranger.Product("acme");
  foreign.ca = pki.ca_file();
  EXPECT_EQ(Call(payment, foreign), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(payment, pki.Product("acme")), grpc::StatusCode::OK);
}

TEST(TlsTest, AClientRefusesAServerOfAnotherName) {
  TestPki pki;
  GuardedPayment payment;
  payment.Start(pki.Service("push"));
  EXPECT_EQ(Call(payment, pki.Product("acme")), grpc::StatusCode::UNAVAILABLE);
}

TEST(TlsTest, ServersTakeANewCertificateWhileRunning) {
  TestPki pki;
  const TlsFiles files = pki.Make({.file = "server", .uris = {kPaymentUri}, .dns = {"other.example"}});
  GuardedPayment payment;
  payment.Start(files);
  EXPECT_EQ(Call(payment, pki.Product("acme")), grpc::StatusCode::UNAVAILABLE);
  pki.Make({.file = "server", .uris = {kPaymentUri}, .dns = {"*.payment.trivium"}});
  EXPECT_TRUE(Eventually([&] { return Call(payment, pki.Product("acme")) == grpc::StatusCode::OK; }));
}

TEST(TlsTest, ChannelsTakeANewCertificateWhileRunning) {
  TestPki pki;
  GuardedPayment payment;
  payment.Start(pki.Service("payment"));
  const auto stub = payment.Dial(pki.ExpiredProduct("acme"));
  Payment out;
  EXPECT_EQ(CallCreate(*stub, &out).error_code(), grpc::StatusCode::UNAVAILABLE);
  pki.Make({.file = "expired-acme", .uris = {"spiffe://trivium/product/acme"}, .dns = {}});
  EXPECT_TRUE(Eventually([&] { return CallCreate(*stub, &out).ok(); }));
}

TEST(TlsTest, ChecksFilesBeforeTheyAreUsed) {
  TestPki pki;
  const TlsFiles good = pki.Product("acme");
  EXPECT_TRUE(CheckTlsFiles(good).ok());
  EXPECT_TRUE(CheckTlsFiles({}).ok());
  TlsFiles bad = good;
  bad.key = "";
  EXPECT_FALSE(CheckTlsFiles(bad).ok());
  bad = good;
  bad.certificate = "/nowhere.crt";
  EXPECT_EQ(CheckTlsFiles(bad).message(), "/nowhere.crt: cannot be read, want a PEM file");
  bad = good;
  bad.key = pki.Product("globex").key;
  EXPECT_EQ(CheckTlsFiles(bad).message(), bad.key + ": not the key of " + bad.certificate);
  bad = good;
  bad.ca = good.key;
  EXPECT_FALSE(CheckTlsFiles(bad).ok());
}

TEST(TlsTest, KnowsWhenACertificateExpires) {
  TestPki pki;
  const auto expiry =
      CertificateExpiry(pki.Make({.file = "short", .uris = {}, .dns = {}, .to = absl::Hours(2)}).certificate);
  ASSERT_TRUE(expiry.ok()) << expiry.status();
  EXPECT_NEAR(absl::ToDoubleMinutes(*expiry - absl::Now()), 120, 1);
  EXPECT_FALSE(CertificateExpiry("/nowhere.crt").ok());
}

}  // namespace
}  // namespace trivium::rpc
