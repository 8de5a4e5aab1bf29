// What every engine must do. An engine's test links //services/live/admission:conformance and defines
// NewAdmissionUnderTest.
#pragma once

#include <memory>

#include "services/live/admission/admission.h"
#include "services/live/admission/options.h"

namespace trivium::live {

struct AdmissionUnderTest {
  virtual ~AdmissionUnderTest() = default;
  virtual Admission& admission() = 0;
  // Everything that it knew is gone.
  virtual void Lose() = 0;
};

// Empty: no generation. options.cell is the engine's to choose.
std::unique_ptr<AdmissionUnderTest> NewAdmissionUnderTest(const AdmissionOptions& options);

}  // namespace trivium::live
