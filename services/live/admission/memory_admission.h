// The in-memory engine: the model that the Redis engine is compared with, and a cell for tests of the service. It keeps
// no counter: use, lines and seats are counted from the participants each time, so they cannot be wrong, only slow.
#pragma once

#include <memory>

#include "services/live/admission/admission.h"
#include "services/live/admission/options.h"

namespace trivium::live {

class MemoryAdmission : public Admission {
 public:
  // As FLUSHALL: everything is gone.
  virtual void Lose() = 0;
};

std::unique_ptr<MemoryAdmission> NewMemoryAdmission(const AdmissionOptions& options = {});

}  // namespace trivium::live
