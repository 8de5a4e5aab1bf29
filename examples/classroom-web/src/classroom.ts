// What is known of the classes, kept up to date by the platform: all that the page shows, and nothing of how it looks.
import { Trivium, webStorage, type Message, type Person, type Room } from "@trivium/client";
import { reactive } from "vue";
import { Backend, type RoomInfo, type Session } from "./backend";

export interface Chat {
  id: string;
  from: string;
  text: string;
  time: number;
}

/** A call of the roll as a student sees it. */
export interface RollCall {
  id: string;
  from: string;
  state: "asked" | "confirming" | "confirmed";
  /** Ends the wait of the message's handler: only then the platform counts it as acknowledged. */
  answer: () => void;
}

export interface ClassState {
  info: RoomInfo;
  chats: Chat[];
  likes: number;
  unread: number;
  /** Whether messages may be missing above those shown. */
  missed: boolean;
  people: Person[];
  rollCall: RollCall | undefined;
}

const maxChats = 300;

export class Classroom {
  readonly state = reactive({
    connection: "connecting" as "connecting" | "connected" | "again" | "stopped",
    reason: "",
    current: "",
    classes: [] as ClassState[],
  });
  readonly backend: Backend;
  readonly #client: Trivium;

  constructor(readonly session: Session) {
    this.backend = new Backend(session);
    let first: string | undefined = session.token;
    this.#client = new Trivium({
      url: session.gateway,
      getToken: async () => {
        const token = first ?? (await this.backend.token());
        first = undefined;
        return token;
      },
      device: { platform: "web", appVersion: "0.1.0", deviceId: deviceId() },
      presenceMs: 3000,
      storage: webStorage(`classroom.${session.uid}`, sessionStorage),
    });
    this.#client.on("connected", () => (this.state.connection = "connected"));
    this.#client.on("disconnected", ({ reason, reconnects }) => {
      this.state.connection = reconnects ? "again" : "stopped";
      this.state.reason = reason;
    });
    this.#client.on("acknowledged", ({ messageIds }) => this.#confirmed(messageIds));
    for (const info of session.rooms) this.#join(info);
    this.state.current = session.rooms[0]?.id ?? "";
  }

  connect(): Promise<void> {
    this.state.connection = "connecting";
    return this.#client.connect();
  }
  close(): void {
    this.#client.disconnect();
  }

  get class(): ClassState | undefined {
    return this.state.classes.find(({ info }) => info.id === this.state.current);
  }

  enter(id: string): void {
    this.state.current = id;
    if (this.class) this.class.unread = 0;
  }

  #find(id: string): ClassState {
    return this.state.classes.find(({ info }) => info.id === id) as ClassState;
  }

  #join(info: RoomInfo): void {
    this.state.classes.push({ info, chats: [], likes: 0, unread: 0, missed: false, people: [], rollCall: undefined });
    const room = this.#client.join(info.id);
    room.on("message", (message) => this.#show(this.#find(info.id), message));
    room.on("joined", async ({ recovered, rejoined }) => {
      if (!recovered) await this.#replay(this.#find(info.id), room, rejoined);
    });
    room.on("presence", (people) => (this.#find(info.id).people = people));
  }

  // The returned promise of a roll call is fulfilled when the student says "here": the platform repeats it until then.
  #show(room: ClassState, message: Message): Promise<void> | undefined {
    const data = message.data as { kind?: string; from?: string; text?: string; time?: number };
    if (data.kind === "like") room.likes += 1;
    if (data.kind === "chat") this.#addChat(room, message.id, data);
    if (data.kind !== "roll_call" || this.session.teacher) return undefined;
    if (this.state.current !== room.info.id) room.unread += 1;
    return new Promise((resolve) => {
      const rollCall: RollCall = { id: message.id, from: data.from ?? "", state: "asked", answer: () => this.#answer(room, message.id, resolve) };
      room.rollCall = rollCall;
    });
  }

  #addChat(room: ClassState, id: string, { from = "", text = "", time = 0 }: { from?: string; text?: string; time?: number }): void {
    if (room.chats.some((each) => each.id === id)) return;
    room.chats.push({ id, from, text, time });
    if (room.chats.length > maxChats) room.chats.shift();
    if (this.state.current !== room.info.id) room.unread += 1;
  }

  #answer(room: ClassState, id: string, resolve: () => void): void {
    if (room.rollCall?.id === id) room.rollCall.state = "confirming";
    resolve();
  }

  #confirmed(messageIds: string[]): void {
    for (const { rollCall } of this.state.classes) {
      if (rollCall && messageIds.includes(rollCall.id)) rollCall.state = "confirmed";
    }
  }

  // Not recovered: the room's history says what was said; between it and what is shown something may be missing.
  async #replay(room: ClassState, source: Room, rejoined: boolean): Promise<void> {
    const unread = room.unread;
    const history = (await source.history(100)).reverse();
    room.missed = rejoined && room.chats.length > 0;
    for (const message of history) {
      const data = message.data as { kind?: string; from?: string; text?: string; time?: number };
      if (data.kind === "chat") this.#addChat(room, message.id, data);
    }
    room.chats.sort((a, b) => a.time - b.time);
    room.unread = unread;
  }
}

function deviceId(): string {
  const known = localStorage.getItem("classroom.device") ?? crypto.randomUUID();
  localStorage.setItem("classroom.device", known);
  return known;
}
