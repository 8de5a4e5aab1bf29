// The built console: files of a folder, and index.html for every other address, which the console's own router
// understands.
#pragma once

#include <string>
#include <string_view>

#include "libs/http/server.h"

namespace trivium {
class WorkerPool;
}

namespace trivium::ops {

// The answer to a request for a file of folder. Files under /assets/ carry their hash in the name and are immutable; a
// missing one is 404, and so is one with a dot in the folder itself; all other paths get index.html. A file beside it
// with ".gz" is sent to those who take gzip.
http::Response ServeFile(const std::string& folder, const http::Request& request);

// Adds it to the server for every path that nothing else handles.
void AddStaticSite(const std::string& folder, http::Server& server, WorkerPool& pool);

}  // namespace trivium::ops
