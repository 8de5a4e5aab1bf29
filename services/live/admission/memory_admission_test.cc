// The conformance suites over the in-memory engine.
#include "services/live/admission/memory_admission.h"

#include "services/live/admission/admission_conformance.h"

namespace trivium::live {
namespace {

class Memory : public AdmissionUnderTest {
 public:
  explicit Memory(const AdmissionOptions& options) : admission_(NewMemoryAdmission(options)) {}
  Admission& admission() override { return *admission_; }
  void Lose() override { admission_->Lose(); }

 private:
  const std::unique_ptr<MemoryAdmission> admission_;
};

}  // namespace

std::unique_ptr<AdmissionUnderTest> NewAdmissionUnderTest(const AdmissionOptions& options) {
  return std::make_unique<Memory>(options);
}

}  // namespace trivium::live
