// A CA and certificates of every kind, made with OpenSSL in a folder: for tests of all services.
//
//   rpc::TestPki pki;                                     // In $TEST_TMPDIR.
//   server creds: rpc::ServerTls(pki.Service("payment")); client: rpc::ClientTls(pki.Product("acme"));
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/rpc/tls.h"

namespace trivium::rpc {

// Not thread-safe. Files stay until the test's folder goes. Ends the process when OpenSSL or the disk fails: a test can
// do nothing then.
class TestPki {
 public:
  // A folder of its own under $TEST_TMPDIR (or /tmp), and a new CA in it.
  TestPki();

  // Valid for a day; a second call for the same name gives the same files.
  TlsFiles Product(const std::string& name);
  TlsFiles Operator(const std::string& name);
  // With the DNS names *.<name>.trivium, <name>.trivium, localhost and IP 127.0.0.1, for servers and clients.
  TlsFiles Service(const std::string& name);

  struct Spec {
    std::string file;                         // Name of the files, without ".crt".
    std::vector<std::string> uris;            // URI names; none: a certificate that is nobody.
    std::vector<std::string> dns;             // DNS names.
    absl::Duration from = -absl::Minutes(5);  // Validity, from now.
    absl::Duration to = absl::Hours(24);
    bool self_signed = false;  // Not by our CA.
  };
  // Any certificate: expired, of nobody, with two names, by a stranger. Made anew each time: files of the same name are
  // replaced, as in a rotation.
  TlsFiles Make(const Spec& spec);
  TlsFiles ExpiredProduct(const std::string& name);

  const std::string& folder() const { return folder_; }
  std::string ca_file() const { return folder_ + "/ca.crt"; }

 private:
  TlsFiles Once(const Spec& spec);

  std::string folder_;
};

}  // namespace trivium::rpc
