#include "services/ops/prometheus.h"

#include <gtest/gtest.h>

#include <cmath>

#include "libs/clock/clock.h"
#include "libs/http/server.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"

namespace trivium::ops {
namespace {

const QueryRange kRange{absl::FromUnixSeconds(100), absl::FromUnixSeconds(200), absl::Seconds(10), absl::Seconds(10)};

TEST(ParseRangeAnswerTest, ReadsSeries) {
  const auto series = ParseRangeAnswer(R"({"status":"success","data":{"resultType":"matrix","result":[
      {"metric":{"state":"SUCCEEDED"},"values":[[100,"1.5"],[110.0,"NaN"],[120,"+Inf"]]}]}})");
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->size(), 1u);
  EXPECT_EQ((*series)[0].labels.at("state"), "SUCCEEDED");
  EXPECT_EQ((*series)[0].points[0].second, 1.5);
  EXPECT_TRUE(std::isnan((*series)[0].points[1].second));
  EXPECT_TRUE(std::isinf((*series)[0].points[2].second));
}

TEST(ParseRangeAnswerTest, WhateverIsNoAnswerIsUnavailable) {
  for (const char* body :
       {"", "null", "[]", "{}", "x", R"({"status":"error"})", R"({"status":1})", R"({"status":"success"})",
        R"({"status":"success","data":7})", R"({"status":"success","data":{"result":{}}})",
        R"({"status":"success","data":{"result":[7]}})",
        R"({"status":"success","data":{"result":[{"metric":{},"values":[[1,2]]}]}})",
        R"({"status":"success","data":{"result":[{"metric":{},"values":[["1"]]}]}})"}) {
    EXPECT_EQ(ReasonOf(ParseRangeAnswer(body).status()), "METRICS_UNAVAILABLE") << body;
  }
}

TEST(ParseRangeAnswerTest, ReadsABoundedNumberOfSeries) {
  std::string body = R"({"status":"success","data":{"result":[)";
  for (int i = 0; i < 500; ++i) body += std::string(i ? "," : "") + R"({"metric":{},"values":[]})";
  EXPECT_EQ(ParseRangeAnswer(body + "]}}")->size(), kMaxSeries);
}

TEST(PrometheusTest, AsksForTheRangeAndEncodesTheQuery) {
  Metrics metrics;
  http::Server server({}, metrics);
  std::string body;
  server.Handle("POST", "/api/v1/query_range", [&](const http::Request& request) {
    body = request.body;
    return http::Response{.content_type = "application/json", .body = R"({"status":"success","data":{"result":[]}})"};
  });
  ASSERT_TRUE(server.Start().ok());
  Prometheus prometheus("http://127.0.0.1:" + std::to_string(server.port()), Clock::Real(), metrics);
  EXPECT_TRUE(prometheus.QueryRange("a{b=\"c&d\"}", kRange, absl::Now() + absl::Seconds(5)).ok());
  EXPECT_EQ(body, "query=a%7Bb%3D%22c%26d%22%7D&start=100&end=200&step=10&timeout=4s");
}

TEST(PrometheusTest, NobodyThereIsUnavailable) {
  Metrics metrics;
  Prometheus prometheus("http://127.0.0.1:1", Clock::Real(), metrics);
  EXPECT_EQ(ReasonOf(prometheus.QueryRange("up", kRange, absl::Now() + absl::Seconds(5)).status()),
            "METRICS_UNAVAILABLE");
}

}  // namespace
}  // namespace trivium::ops
