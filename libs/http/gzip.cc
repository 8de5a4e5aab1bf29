#include "libs/http/gzip.h"

#include <zlib.h>

#include "absl/strings/str_cat.h"

namespace trivium::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: 16 selects gzip's header instead of its own.
constexpr size_t kStep = 16 << 10;

Bytef* Bytes(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

}  // namespace

std::string GzipCompress(std::string_view plain) {
  z_stream stream{};
  // Fails only without memory.
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = Bytes(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = Bytes(packed);
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

absl::StatusOr<std::string> GzipDecompress(std::string_view packed, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  stream.next_in = Bytes(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string plain;
  int code = Z_OK;
  while (code == Z_OK && plain.size() <= max_bytes) {
    const size_t before = plain.size();
    plain.resize(before + kStep);
    stream.next_out = Bytes(plain) + before;
    stream.avail_out = kStep;
    code = inflate(&stream, Z_NO_FLUSH);
    plain.resize(plain.size() - stream.avail_out);
  }
  const bool whole = code == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (plain.size() > max_bytes)
    return absl::ResourceExhaustedError(absl::StrCat("gzip: want at most ", max_bytes, " bytes unpacked"));
  if (!whole) return absl::InvalidArgumentError("gzip: want one whole stream");
  return plain;
}

}  // namespace trivium::http
