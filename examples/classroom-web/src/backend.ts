// The product's own backend (backend/main.mjs).

export interface RoomInfo {
  id: string;
  zh: string;
  en: string;
}

export interface Session {
  token: string;
  uid: string;
  teacher: boolean;
  gateway: string;
  rooms: RoomInfo[];
}

export interface Confirmation {
  uid: string;
  confirmed: boolean;
}

async function post<Answer>(name: string, body: object, token = ""): Promise<Answer> {
  const response = await fetch(`/api/${name}`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body: JSON.stringify(body) });
  const answer = (await response.json().catch(() => ({}))) as Answer & { message?: string };
  if (!response.ok) throw new Error(answer.message ?? `HTTP ${response.status}`);
  return answer;
}

export const signIn = (uid: string, teacher: boolean): Promise<Session> => post("sign-in", { uid, teacher });

/** Whatever the signed-in person asks; renews the token in session. */
export class Backend {
  constructor(private readonly session: Session) {}

  async token(): Promise<string> {
    this.session.token = (await post<{ token: string }>("token", {}, this.session.token)).token;
    return this.session.token;
  }
  chat = (room: string, text: string): Promise<object> => post("chat", { room, text }, this.session.token);
  like = (room: string): Promise<object> => post("like", { room }, this.session.token);
  callRoll = (room: string): Promise<{ messageId: string }> => post("roll-call", { room }, this.session.token);
  confirmations = async (messageId: string): Promise<Confirmation[]> =>
    (await post<{ recipients: Confirmation[] }>("confirmations", { messageId }, this.session.token)).recipients;
}
