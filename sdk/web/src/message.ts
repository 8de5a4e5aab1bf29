import type { PublicationContext } from "centrifuge";

/** LOSSY: likes, cursors, at most once. ORDERED: chat, in order, recovered. RELIABLE: roll call, until it is acknowledged. */
export type MessageClass = "LOSSY" | "ORDERED" | "RELIABLE";

/** What somebody sent to this user, to a room or to everybody of the product. */
export interface Message<Data = unknown> {
  /** "msg_..."; "" when the platform did not say. */
  id: string;
  class: MessageClass;
  /** Whether it may have come before. This package shows a RELIABLE message once all the same. */
  repeat: boolean;
  /** "room:<id>", "user:<uid>" or "product". */
  channel: string;
  /** Place in the channel's history, from 1; 0: none. */
  offset: number;
  /** JSON as it was published. In the Protobuf form: what is no JSON is a Uint8Array. */
  data: Data;
}

const classes: ReadonlySet<string> = new Set<MessageClass>(["LOSSY", "ORDERED", "RELIABLE"]);

/** Bytes of the Protobuf form as JSON, where they are. */
export function payloadOf(data: unknown): unknown {
  if (!(data instanceof Uint8Array)) return data;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch {
    return data;
  }
}

/** A class that this package does not know is treated as ORDERED: shown, and not acknowledged. */
export function messageOf({ channel, data, offset, tags }: PublicationContext): Message {
  const name = tags?.["class"] ?? "";
  return {
    id: tags?.["id"] ?? "",
    class: classes.has(name) ? (name as MessageClass) : "ORDERED",
    repeat: tags?.["repeat"] === "1",
    channel,
    offset: offset ?? 0,
    data: payloadOf(data),
  };
}
