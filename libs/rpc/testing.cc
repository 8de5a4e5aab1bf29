#include "libs/rpc/testing.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace trivium::rpc {
namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(FILE* file) const { std::fclose(file); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using File = std::unique_ptr<FILE, Free>;

void Check(bool ok, const std::string& what) {
  if (ok) return;
  std::fprintf(stderr, "TestPki: %s failed\n", what.c_str());
  std::abort();
}

Key NewKey() {
  Key key(EVP_EC_gen("P-256"));
  Check(key != nullptr, "EVP_EC_gen");
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Check(extension != nullptr, "extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Everything but its extensions and signature.
Certificate NewCertificate(EVP_PKEY* key, const std::string& name, absl::Duration from, absl::Duration to) {
  Certificate certificate(X509_new());
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), absl::ToInt64Seconds(from));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), absl::ToInt64Seconds(to));
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

// Written beside and renamed, so that a reader sees the old file or the new one.
template <typename WriteFn>
void WriteFile(const std::string& path, WriteFn write) {
  {
    const File file(std::fopen((path + ".new").c_str(), "w"));
    Check(file != nullptr && write(file.get()) == 1, "writing " + path);
  }
  Check(std::rename((path + ".new").c_str(), path.c_str()) == 0, "renaming " + path);
}

void WritePair(const std::string& stem, X509* certificate, EVP_PKEY* key) {
  WriteFile(stem + ".key",
            [&](FILE* f) { return PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr); });
  WriteFile(stem + ".crt", [&](FILE* f) { return PEM_write_X509(f, certificate); });
}

std::string NewFolder() {
  const char* root = std::getenv("TEST_TMPDIR");
  std::string folder = std::string(root != nullptr ? root : "/tmp") + "/pki.XXXXXX";
  Check(mkdtemp(folder.data()) != nullptr, "mkdtemp " + folder);
  return folder;
}

std::string AlternativeNames(const TestPki::Spec& spec) {
  std::string names;
  for (const std::string& uri : spec.uris) names += ",URI:" + uri;
  for (const std::string& dns : spec.dns) names += ",DNS:" + dns;
  if (!spec.dns.empty()) names += ",IP:127.0.0.1";
  return names.empty() ? "" : names.substr(1);
}

}  // namespace

TestPki::TestPki() : folder_(NewFolder()) {
  const Key key = NewKey();
  const Certificate ca = NewCertificate(key.get(), "trivium test CA", -absl::Hours(240), absl::Hours(240));
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  AddExtension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  Check(X509_sign(ca.get(), key.get(), EVP_sha256()) > 0, "signing the CA");
  WritePair(folder_ + "/ca", ca.get(), key.get());
}

TlsFiles TestPki::Make(const Spec& spec) {
  const File ca_file(std::fopen((folder_ + "/ca.crt").c_str(), "r")),
      ca_key_file(std::fopen((folder_ + "/ca.key").c_str(), "r"));
  const Certificate ca(PEM_read_X509(ca_file.get(), nullptr, nullptr, nullptr));
  const Key ca_key(PEM_read_PrivateKey(ca_key_file.get(), nullptr, nullptr, nullptr));
  Check(ca != nullptr && ca_key != nullptr, "reading the CA");

  const Key key = NewKey();
  const Certificate certificate = NewCertificate(key.get(), spec.file, spec.from, spec.to);
  X509* issuer = spec.self_signed ? certificate.get() : ca.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  AddExtension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  if (const std::string names = AlternativeNames(spec); !names.empty()) {
    AddExtension(certificate.get(), issuer, NID_subject_alt_name, names);
  }
  Check(X509_sign(certificate.get(), spec.self_signed ? key.get() : ca_key.get(), EVP_sha256()) > 0,
        "signing " + spec.file);
  const std::string stem = folder_ + "/" + spec.file;
  WritePair(stem, certificate.get(), key.get());
  return {stem + ".crt", stem + ".key", this->ca_file()};
}

TlsFiles TestPki::Once(const Spec& spec) {
  const std::string stem = folder_ + "/" + spec.file;
  if (access((stem + ".crt").c_str(), R_OK) == 0) return {stem + ".crt", stem + ".key", ca_file()};
  return Make(spec);
}

TlsFiles TestPki::Product(const std::string& name) {
  return Once({.file = "product-" + name, .uris = {"spiffe://trivium/product/" + name}, .dns = {}});
}

TlsFiles TestPki::Operator(const std::string& name) {
  return Once({.file = "operator-" + name, .uris = {"spiffe://trivium/operator/" + name}, .dns = {}});
}

TlsFiles TestPki::Service(const std::string& name) {
  return Once({.file = "service-" + name,
               .uris = {"spiffe://trivium/service/" + name},
               .dns = {"*." + name + ".trivium", name + ".trivium", "localhost"}});
}

TlsFiles TestPki::ExpiredProduct(const std::string& name) {
  return Make({.file = "expired-" + name,
               .uris = {"spiffe://trivium/product/" + name},
               .dns = {},
               .from = -absl::Hours(48),
               .to = -absl::Hours(24)});
}

}  // namespace trivium::rpc
