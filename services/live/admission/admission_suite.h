// The fixture of the conformance suites. After each test every count must be the sum of what is in.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "services/live/admission/admission_calls.h"
#include "services/live/admission/admission_conformance.h"

namespace trivium::live {

class AdmissionTest : public ::testing::Test, protected AdmissionCalls {
 protected:
  explicit AdmissionTest(const AdmissionOptions& options = {}) : AdmissionTest(NewAdmissionUnderTest(options)) {}

  void TearDown() override { ExpectSound(); }

  // Rooms 1 to 9 are all that a test uses. Skipped while there is no generation.
  void ExpectSound();

 private:
  explicit AdmissionTest(std::unique_ptr<AdmissionUnderTest> under_test)
      : AdmissionCalls(under_test->admission()), owned_(std::move(under_test)) {}

  const std::unique_ptr<AdmissionUnderTest> owned_;

 protected:
  AdmissionUnderTest& under_test_ = *owned_;
};

// One name a suite, so that a failure says whose rule it was.
using PlacementTest = AdmissionTest;
using QueueTest = AdmissionTest;
using StayTest = AdmissionTest;
using StageTest = AdmissionTest;
using RoomTest = AdmissionTest;
using CellTest = AdmissionTest;
using RebuildTest = AdmissionTest;

}  // namespace trivium::live
