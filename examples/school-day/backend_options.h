// Where and as whom a product's backend calls the platform.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace trivium::schoolday {

struct BackendOptions {
  std::string product;
  std::string service;                          // "payment": what a plain address is called in the certificate.
  std::string target;                           // "xds:///acme.payment.trivium" or "127.0.0.1:21010".
  std::string pki;                              // Folder with ca.crt and product-<product>.crt, .key.
  absl::Duration patience = absl::Seconds(90);  // For calls that are not answered.
  absl::Duration call_timeout = absl::Seconds(10);
};

}  // namespace trivium::schoolday
