// The files of lua/, as text. Made by the build.
#pragma once

namespace trivium::live {

extern const char kBeginGenerationLua[], kStateLua[], kPlacesLua[], kResumeLua[];
extern const char kJoinLua[], kRenewLua[], kLeaveLua[], kCommandLua[], kRoomLua[], kCellLua[], kReadLua[];

}  // namespace trivium::live
