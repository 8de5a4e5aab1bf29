// The version of the whole repository, from the file VERSION.
#pragma once

namespace trivium {

// It lies in the section .trivium.version, padded with zeros, so that a built program can be stamped with another one
// (objcopy --update-section): with a build's number, say, or for a drill, without compiling anything.
extern const char kVersion[64];

}  // namespace trivium
