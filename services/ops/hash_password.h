// `ops --hash_password`: reads a password from standard input and prints its hash for the config.
#pragma once

namespace trivium::ops {

// The exit status. The password is the first line, without its line end.
int HashPasswordCommand();

}  // namespace trivium::ops
