// Signatures of the sandbox PSP: lower-case hexadecimal HMAC-SHA256 (README.md).
#pragma once

#include <string>

namespace trivium::payment::sandbox {

std::string Sign(const std::string& secret, const std::string& text);
// In a time that does not depend on where they differ.
bool Verify(const std::string& secret, const std::string& text, const std::string& signature);

// What is signed: of a request to the PSP; of an answer or a callback.
std::string RequestText(const std::string& method, const std::string& target, const std::string& timestamp,
                        const std::string& nonce, const std::string& body);
std::string MessageText(const std::string& timestamp, const std::string& nonce, const std::string& body);

}  // namespace trivium::payment::sandbox
