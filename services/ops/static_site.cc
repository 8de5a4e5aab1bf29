#include "services/ops/static_site.h"

#include <sys/stat.h>
#include <fstream>
#include <optional>
#include <sstream>

#include "libs/sync/worker_pool.h"

namespace trivium::ops {
namespace {

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
constexpr std::string_view kAssets = "/assets/";

constexpr std::pair<std::string_view, std::string_view> kContentTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
};

std::string_view ContentTypeOf(std::string_view path) {
  for (const auto& [ending, type] : kContentTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::optional<std::string> ReadRegularFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

bool TakesGzip(const http::Request& request) {
  return request.Header("accept-encoding").find("gzip") != std::string_view::npos;
}

// The server decodes paths and refuses ".."; what is left to refuse: characters that no file of ours has.
bool IsPlainPath(std::string_view path) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
  return path.find_first_not_of(kPlain) == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

// The build puts files there and into the folder itself. Deeper addresses are pages, dots or not: /commands/push.ack.
bool IsFile(std::string_view path) {
  return path.starts_with(kAssets) || (path.rfind('/') == 0 && path.find('.') != std::string_view::npos);
}

void AddHeaders(std::string_view path, http::Response* response) {
  const bool immutable = path.starts_with(kAssets) && response->status == 200;
  response->headers.emplace_back("Cache-Control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response->headers.emplace_back("Content-Security-Policy", std::string(kContentSecurityPolicy));
  response->headers.emplace_back("X-Frame-Options", "DENY");
  response->headers.emplace_back("Referrer-Policy", "same-origin");
  response->headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

}  // namespace

http::Response ServeFile(const std::string& folder, const http::Request& request) {
  std::string path = IsPlainPath(request.path) ? request.path : "/";
  if (!IsFile(path)) path = "/index.html";
  http::Response response;
  std::optional<std::string> content;
  if (TakesGzip(request)) {
    content = ReadRegularFile(folder + path + ".gz");
    if (content) response.headers.emplace_back("Content-Encoding", "gzip");
  }
  if (!content) content = ReadRegularFile(folder + path);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.status = content ? 200 : 404;
  response.content_type = content ? std::string(ContentTypeOf(path)) : "text/plain; charset=utf-8";
  response.body = content                 ? std::move(*content)
                  : path == "/index.html" ? "The console is not built: run console/build.sh\n"
                                          : "not found\n";
  AddHeaders(path, &response);
  return response;
}

void AddStaticSite(const std::string& folder, http::Server& server, WorkerPool& pool) {
  server.HandleBlocking("GET HEAD", "/", pool,
                        [folder](const http::Request& request) { return ServeFile(folder, request); });
}

}  // namespace trivium::ops
