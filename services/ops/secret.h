// Random secrets, their digests, and how they are compared.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trivium::ops {

// From the kernel, by OpenSSL's generator. Ends the process when there is none: nothing may go on with a guessable
// secret.
std::string RandomBytes(size_t count);
// 32 bytes.
std::string Sha256(std::string_view data);
// Unpadded base64url.
std::string ToBase64Url(std::string_view bytes);
// In a time that does not depend on where they differ.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace trivium::ops
