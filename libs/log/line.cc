#include "libs/log/line.h"

#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium::log {
namespace {

constexpr size_t kValueMax = 4 << 10;
constexpr size_t kTailMax = 64;  // Room for "fields_cut" and the end of the line.

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          absl::StrAppend(&out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
        } else {
          out += c;
        }
    }
  }
}

// A JSON string. Control characters take six bytes when escaped, so the cut comes before the escaping and once more
// after it.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  const std::string_view kept = Utf8Prefix(text, kValueMax);
  AppendEscaped(ToValidUtf8(kept), out);
  if (out.size() > kValueMax * 2) {
    out.resize(0);
    out += '"';
    AppendEscaped(ToValidUtf8(Utf8Prefix(text, kValueMax / 6)), out);
    absl::StrAppend(&out, "...(cut, ", text.size(), " bytes)");
  } else if (kept.size() < text.size()) {
    absl::StrAppend(&out, "...(cut, ", text.size(), " bytes)");
  }
  out += '"';
  return out;
}

// JSON has no infinities and no NaN.
bool IsJsonNumber(std::string_view value) {
  return value == "true" || value == "false" || value.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

}  // namespace

std::string FormatLine(const Head& head, std::string_view message, std::initializer_list<Field> fields) {
  std::string line =
      absl::StrCat("{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", head.time, absl::UTCTimeZone()),
                   "\",\"level\":\"", ToAbsl(LevelName(head.level)), "\"");
  const auto append = [&](std::string_view name, std::string_view json) {
    const std::string key = Quoted(name);
    if (line.size() + key.size() + json.size() + 2 + kTailMax > kLineMax) return false;
    absl::StrAppend(&line, ",", key, ":", ToAbsl(json));
    return true;
  };
  const auto append_if = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) append(name, Quoted(text));
  };
  append_if("service", head.service);
  append_if("instance", head.instance);
  append_if("product", head.product);
  append_if("trace_id", head.trace_id);
  append("message", Quoted(message));
  int cut = 0;
  for (const Field& field : fields) {
    const bool plain = !field.quoted && IsJsonNumber(field.value);
    if (!append(field.name, plain ? field.value : Quoted(field.value))) ++cut;
  }
  if (cut > 0) absl::StrAppend(&line, ",\"fields_cut\":", cut);
  line += "}\n";
  return line;
}

}  // namespace trivium::log
