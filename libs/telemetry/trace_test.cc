#include "libs/telemetry/trace.h"

#include <gtest/gtest.h>

#include <thread>

namespace trivium {
namespace {

const std::string kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kHeader = "00-" + kTraceId + "-" + kParent + "-01";

TEST(TraceContext, ContinuesAWellFormedHeaderWithASpanOfItsOwn) {
  const TraceContext trace = TraceContext::FromHeader(kHeader);
  EXPECT_EQ(trace.trace_id, kTraceId);
  EXPECT_NE(trace.span_id, kParent);
  EXPECT_EQ(trace.span_id.size(), 16u);
  EXPECT_EQ(trace.flags, 1);
  EXPECT_EQ(trace.ToHeader(), "00-" + kTraceId + "-" + trace.span_id + "-01");
}

TEST(TraceContext, FollowsTheRulesOfVersions) {
  struct Case {
    const char* name;
    std::string header;
    bool continues;
  };
  const std::string rest = kHeader.substr(2);
  const Case cases[] = {
      {"version 00", kHeader, true},
      {"version 00, longer", kHeader + "-what", false},
      {"higher version", "cc" + rest, true},
      {"higher version, longer", "cc" + rest + "-what-the-future", true},
      {"higher version, no dash", "cc" + rest + ".what", false},
      {"version ff", "ff" + rest, false},
      {"version not hex", "0x" + rest, false},
      {"upper case", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01", false},
      {"trace id zero", "00-" + std::string(32, '0') + "-" + kParent + "-01", false},
      {"span id zero", "00-" + kTraceId + "-" + std::string(16, '0') + "-01", false},
      {"short trace id", "00-" + kTraceId.substr(1) + "-" + kParent + "-01", false},
      {"wrong separator", "00_" + kTraceId + "-" + kParent + "-01", false},
      {"flags not hex", "00-" + kTraceId + "-" + kParent + "-0g", false},
      {"empty", "", false},
      {"long rubbish", std::string(100'000, '-'), false},
      {"not ASCII", "支付" + kHeader, false},
  };
  for (const Case& c : cases) {
    const TraceContext trace = TraceContext::FromHeader(c.header);
    EXPECT_EQ(trace.trace_id == kTraceId, c.continues) << c.name;
    EXPECT_EQ(trace.trace_id.size(), 32u) << c.name;
    EXPECT_TRUE(trace.ToHeader().starts_with("00-")) << c.name;
    EXPECT_EQ(TraceContext::FromHeader(trace.ToHeader()).trace_id, trace.trace_id) << c.name;
  }
}

TEST(TraceContext, KeepsKnownFlagsOnly) {
  EXPECT_EQ(TraceContext::FromHeader("00-" + kTraceId + "-" + kParent + "-ff").flags, 3);
  EXPECT_EQ(TraceContext::FromHeader("00-" + kTraceId + "-" + kParent + "-00").flags, 0);
}

TEST(TraceContext, RootsAndChildrenAreNew) {
  const TraceContext root = TraceContext::NewRoot();
  EXPECT_NE(root.trace_id, TraceContext::NewRoot().trace_id);
  EXPECT_EQ(root.Child().trace_id, root.trace_id);
  EXPECT_NE(root.Child().span_id, root.span_id);
}

TEST(ScopedTrace, NestsAndStaysInItsThread) {
  EXPECT_EQ(ScopedTrace::Current(), nullptr);
  const TraceContext outer = TraceContext::NewRoot(), inner = TraceContext::NewRoot();
  {
    ScopedTrace a(outer, "acme");
    EXPECT_EQ(ScopedTrace::Current()->trace_id, outer.trace_id);
    {
      ScopedTrace b(inner, "globex");
      EXPECT_EQ(ScopedTrace::Current()->trace_id, inner.trace_id);
    }
    EXPECT_EQ(ScopedTrace::Current()->trace_id, outer.trace_id);
    std::thread([] { EXPECT_EQ(ScopedTrace::Current(), nullptr); }).join();
  }
  EXPECT_EQ(ScopedTrace::Current(), nullptr);
}

}  // namespace
}  // namespace trivium
