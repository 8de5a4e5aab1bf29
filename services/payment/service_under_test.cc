#include "services/payment/service_under_test.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace trivium::payment {

std::shared_ptr<const Profile> TwoProfiles::Find(const std::string& product) {
  if (product != "acme" && product != "globex") return nullptr;
  auto profile = std::make_shared<Profile>();
  profile->time_zone = "Asia/Shanghai";
  absl::LoadTimeZone(profile->time_zone, &profile->zone);
  profile->currencies = {"CNY"};
  profile->commission_bps = 1000;
  profile->psp = "fake";
  profile->max_amount_minor = max_amount;
  return profile;
}

rpc::TestPki& Pki() {
  static auto* pki = new rpc::TestPki;
  return *pki;
}

ServiceUnderTest::ServiceUnderTest(Store& store) : store_(store) {
  psps_["fake"] = std::unique_ptr<Psp>(psp_);
  feed_.Start();
  grpc::ServerBuilder builder;
  builder.RegisterService(&service_);
  builder.AddListeningPort("127.0.0.1:0", rpc::ServerTls(Pki().Service("payment")), &port_);
  server_ = builder.BuildAndStart();
  stub_ = Stub(Pki().Product("acme"));
}

ServiceUnderTest::~ServiceUnderTest() {
  guard_.Drain();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  feed_.Stop();
}

std::unique_ptr<v1::PaymentService::Stub> ServiceUnderTest::Stub(const rpc::TlsFiles& files) {
  return v1::PaymentService::NewStub(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), rpc::ClientTls(files)));
}

absl::Status ServiceUnderTest::Create(const v1::CreatePaymentRequest& request, v1::Payment* payment) {
  return Call(&v1::PaymentService::Stub::CreatePayment, request, payment);
}

absl::Status ServiceUnderTest::Create(const v1::CreateRefundRequest& request, v1::Refund* refund) {
  return Call(&v1::PaymentService::Stub::CreateRefund, request, refund);
}

absl::Status ServiceUnderTest::Cancel(const std::string& request_id, const std::string& payment_id,
                                      v1::Payment* payment) {
  v1::CancelPaymentRequest request;
  request.set_request_id(request_id);
  request.set_payment_id(payment_id);
  return Call(&v1::PaymentService::Stub::CancelPayment, request, payment);
}

v1::CreatePaymentRequest ServiceUnderTest::Order(const std::string& request_id, const std::string& order_ref) {
  v1::CreatePaymentRequest request;
  request.set_request_id(request_id);
  request.set_order_ref(order_ref);
  request.mutable_amount()->set_amount_minor(19900);
  request.mutable_amount()->set_currency_code("CNY");
  request.set_subject("数学 一对一");
  request.set_institution_id("inst-1");
  return request;
}

v1::CreateRefundRequest ServiceUnderTest::RefundOf(const std::string& request_id, const std::string& payment_id,
                                                   int64_t minor) {
  v1::CreateRefundRequest request;
  request.set_request_id(request_id);
  request.set_payment_id(payment_id);
  request.mutable_amount()->set_amount_minor(minor);
  request.mutable_amount()->set_currency_code("CNY");
  request.set_reason("class cancelled");
  return request;
}

v1::Payment ServiceUnderTest::MustCreate(const std::string& name) {
  v1::Payment payment;
  EXPECT_EQ(Create(Order(name + "-request", name), &payment), absl::OkStatus());
  return payment;
}

v1::Payment ServiceUnderTest::MustPay(const std::string& name) {
  const v1::Payment payment = MustCreate(name);
  EXPECT_TRUE(UserPays(payment));
  for (const PspNotice& notice : psp_->TakeNotices())
    EXPECT_TRUE(resolver_.Hear(notice, absl::Now() + absl::Seconds(5)).ok());
  return payment;
}

bool ServiceUnderTest::UserPays(const v1::Payment& payment) {
  return psp_->Pay("acme", *ParseId("att", payment.attempts(0).attempt_id()), 19900, "CNY", Clock::Real().Now());
}

}  // namespace trivium::payment
