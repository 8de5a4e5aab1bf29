#include "libs/telemetry/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace trivium {
namespace {

constexpr Metric kCalls{"trivium_test_calls_total", "Calls.", {"product", "code"}};
constexpr Metric kDepth{"trivium_test_depth", "Depth."};
constexpr Metric kSeconds{"trivium_test_seconds", "Seconds.", {"method"}};

bool Has(const std::string& text, const std::string& line) { return text.find(line + "\n") != std::string::npos; }

TEST(Metrics, ExposesWhatWasCounted) {
  Metrics metrics;
  metrics.GetCounter(kCalls, {"acme", "OK"}).Add();
  metrics.GetCounter(kCalls, {"acme", "OK"}).Add(2);
  metrics.GetCounter(kCalls, {"globex", "a \"b\"\n"}).Add();
  metrics.GetGauge(kDepth).Set(5);
  metrics.GetGauge(kDepth).Add(-2);
  metrics.GetHistogram(kSeconds, {"Get"}).Observe(0.003);

  const std::string text = metrics.Expose();
  EXPECT_TRUE(Has(text, "# TYPE trivium_test_calls_total counter")) << text;
  EXPECT_TRUE(Has(text, "# HELP trivium_test_calls_total Calls.")) << text;
  EXPECT_TRUE(Has(text, "trivium_test_calls_total{code=\"OK\",product=\"acme\"} 3")) << text;
  EXPECT_TRUE(Has(text, "trivium_test_calls_total{code=\"a \\\"b\\\"\\n\",product=\"globex\"} 1")) << text;
  EXPECT_TRUE(Has(text, "trivium_test_depth 3")) << text;
  EXPECT_TRUE(Has(text, "trivium_test_seconds_bucket{method=\"Get\",le=\"0.0025\"} 0")) << text;
  EXPECT_TRUE(Has(text, "trivium_test_seconds_bucket{method=\"Get\",le=\"0.005\"} 1")) << text;
  EXPECT_TRUE(Has(text, "trivium_test_seconds_count{method=\"Get\"} 1")) << text;
}

TEST(Metrics, TheSameLabelsGiveTheSameObject) {
  Metrics metrics;
  EXPECT_EQ(&metrics.GetCounter(kCalls, {"a", "b"}), &metrics.GetCounter(kCalls, {"a", "b"}));
  EXPECT_NE(&metrics.GetCounter(kCalls, {"a", "b"}), &metrics.GetCounter(kCalls, {"b", "a"}));
  EXPECT_EQ(metrics.GetCounter(kCalls, {"b", "a"}).Value(), 0);
}

TEST(Metrics, TooManyLabelSetsShareOne) {
  Metrics metrics;
  for (int i = 0; i < 2500; ++i) metrics.GetCounter(kCalls, {std::to_string(i), "OK"}).Add();
  EXPECT_EQ(metrics.GetCounter(kCalls, {"_overflow", "_overflow"}).Value(), 500);
  EXPECT_EQ(metrics.GetCounter(kCalls, {"1999", "OK"}).Value(), 1);
}

TEST(MetricsDeathTest, AWrongNumberOfLabelsIsAProgrammersError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Metrics metrics;
  EXPECT_DEATH(metrics.GetCounter(kCalls, {"acme"}), "trivium_test_calls_total: wrong number of label values");
}

TEST(Metrics, ThreadsCountTogether) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 1000; ++j) {
        metrics.GetCounter(kCalls, {"acme", std::to_string(j % 5)}).Add();
        metrics.GetHistogram(kSeconds, {std::to_string(i)}).Observe(0.1);
        if (j % 100 == 0) metrics.Expose();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  double sum = 0;
  for (int code = 0; code < 5; ++code) sum += metrics.GetCounter(kCalls, {"acme", std::to_string(code)}).Value();
  EXPECT_EQ(sum, 4000);
  EXPECT_EQ(metrics.GetHistogram(kSeconds, {"2"}).Count(), 1000u);
}

TEST(Metrics, TheGlobalOnesTellAboutTheProcess) {
  const std::string text = Metrics::Global().Expose();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_start_time_seconds"}) {
    EXPECT_NE(text.find("\n" + std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_EQ(Metrics().Expose(), "");
}

}  // namespace
}  // namespace trivium
