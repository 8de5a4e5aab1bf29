// What a call costs in the gateway: a payment request of 300 bytes of JSON and its answer. Prints ns per call and the
// ratio to the baseline, the generated class with JsonStringToMessage:
//   bazel run //services/gateway/transcoding:transcoding_benchmark
#include <benchmark/benchmark.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <cstdlib>

#include "services/gateway/transcoding/json_transcoder.h"
#include "services/gateway/transcoding/route_key.h"
#include "services/gateway/transcoding/testing.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::gateway {
namespace {

using payment::v1::CreatePaymentRequest;

constexpr char kJson[] =
    R"({"requestId":"client-7f3a2c1e-9b1d-4c55-a0d2-000000000001","orderRef":"order-2026-11-22-000123","amount":)"
    R"({"amountMinor":"19900","currencyCode":"CNY"},"subject":"Algebra for beginners, lesson 1 of 12, with homework, a )"
    R"(test and a meeting with the teacher","institutionId":"institution-000042","timeout":"1800s"})";

const ApiSchema& Schema() {
  static const auto* schema =
      new std::shared_ptr<const ApiSchema>(SchemaOf({CreatePaymentRequest::descriptor()->file()}));
  return **schema;
}
const google::protobuf::Descriptor& Type() { return *Schema().FindMessage("trivium.payment.v1.CreatePaymentRequest"); }

void Require(bool ok) {
  if (!ok) std::abort();
}

std::string Wire() { return JsonToProtobuf(Schema(), Type(), kJson).value(); }

void BaselineRequest(benchmark::State& state) {
  for (auto _ : state) {
    CreatePaymentRequest request;
    Require(google::protobuf::util::JsonStringToMessage(kJson, &request).ok());
    benchmark::DoNotOptimize(request.SerializeAsString());
  }
}
BENCHMARK(BaselineRequest);

void DynamicRequest(benchmark::State& state) {
  google::protobuf::DynamicMessageFactory factory;
  const auto& prototype = *factory.GetPrototype(&Type());
  for (auto _ : state) {
    const std::unique_ptr<google::protobuf::Message> request(prototype.New());
    Require(google::protobuf::util::JsonStringToMessage(kJson, request.get()).ok());
    benchmark::DoNotOptimize(request->SerializeAsString());
  }
}
BENCHMARK(DynamicRequest);

void StrictScan(benchmark::State& state) {
  for (auto _ : state) Require(!CheckJson(kJson, {}).has_value());
}
BENCHMARK(StrictScan);

void Request(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(JsonToProtobuf(Schema(), Type(), kJson).value());
}
BENCHMARK(Request);

void BaselineAnswer(benchmark::State& state) {
  const std::string wire = Wire();
  for (auto _ : state) {
    CreatePaymentRequest message;
    std::string json;
    Require(message.ParseFromString(wire) && google::protobuf::util::MessageToJsonString(message, &json).ok());
    benchmark::DoNotOptimize(json);
  }
}
BENCHMARK(BaselineAnswer);

void Answer(benchmark::State& state) {
  const std::string wire = Wire();
  for (auto _ : state) benchmark::DoNotOptimize(ProtobufToJson(Schema(), Type(), wire).value());
}
BENCHMARK(Answer);

void RouteKey(benchmark::State& state) {
  const std::string wire = Wire();
  const RouteField field = RouteField::Resolve(Type(), "institution_id").value();
  for (auto _ : state) benchmark::DoNotOptimize(field.KeyOf(wire).value());
}
BENCHMARK(RouteKey);

}  // namespace
}  // namespace trivium::gateway

BENCHMARK_MAIN();
