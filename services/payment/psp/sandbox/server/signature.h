// What the sandbox PSP and its merchants sign: ../README.md. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trivium::payment::sandbox {

// Lower-case hex HMAC-SHA256.
std::string Sign(std::string_view secret, std::string_view text);
// In a time that does not depend on where they differ.
bool SignatureMatches(std::string_view secret, std::string_view text, std::string_view signature);

// "a=1&b=2": keys sorted bytewise, without "sign"; decoded values.
std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> parameters);
// What a request to the merchant API signs. target: "/path?query" as sent.
std::string RequestText(std::string_view method, std::string_view target, std::string_view timestamp,
                        std::string_view nonce, std::string_view body);
// What an answer or a callback signs.
std::string AnswerText(std::string_view timestamp, std::string_view nonce, std::string_view body);

}  // namespace trivium::payment::sandbox
