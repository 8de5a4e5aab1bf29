// Grants of a product's backend: who may join which class as what. And those that live must refuse.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "examples/school-day/class_plan.h"
#include "examples/school-day/student_client.h"
#include "libs/jwt/signer.h"

namespace trivium::schoolday {

struct GrantDesk {
  const Campus& campus;                               // Not owned; outlives this.
  std::shared_ptr<const jwt::Signer> stranger;        // Another product's key.
  std::function<bool(const std::string&)> has_paid;   // By order_ref.
  std::function<bool(const std::string&)> is_paying;  // Likewise: its money is on its way, or soon will be.

  std::string Grant(const std::string& user_id, const std::string& room_id, ClassRole role) const;
  // What somebody shows who may not come. other_room_id: another room of the product.
  std::string Bad(BadGrant bad, const std::string& user_id, const std::string& room_id,
                  const std::string& other_room_id) const;

 private:
  std::string Sign(const jwt::Signer& signer, const std::string& user_id, const std::string& room_id, ClassRole role,
                   absl::Duration good_for) const;
};

}  // namespace trivium::schoolday
