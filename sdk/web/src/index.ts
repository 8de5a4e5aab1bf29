export type { Caller, CommandSpec } from "./caller.js";
export type { Clock } from "./clock.js";
export { TriviumError, type ErrorCode, type ErrorDetails } from "./error.js";
export { httpCaller, transport, type HttpOptions } from "./http.js";
export type { Message, MessageClass } from "./message.js";
export type { Person, Room, RoomEvents, RoomState } from "./room.js";
export { webStorage, type Handled, type HandledStorage } from "./storage.js";
export { Trivium, UnauthorizedError, type ConnectionState, type Device, type TriviumEvents, type TriviumOptions } from "./trivium.js";
