// What this product's backend asks of the platform: Connect over HTTP, JSON, with the credential of a backend.
import { randomUUID } from "node:crypto";
import { signToken } from "./token.mjs";

export class Trivium {
  /** url: the gateway. */
  constructor({ url, product, key, keyId }) {
    this.url = url;
    this.credential = () => signToken({ sub: "classroom-backend", product, aud: "trivium-backend" }, { key, keyId, lifetimeSeconds: 60 });
  }

  /** Rejects with an Error whose message is the platform's, and its code. */
  async call(method, request) {
    const response = await fetch(`${this.url}/trivium.push.v1.PushService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.credential()}` },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = await response.json();
    if (!response.ok) throw Object.assign(new Error(`${method}: ${answer.message}`), { code: answer.code, status: response.status });
    return answer;
  }

  /** Sends data to a room. The id makes a repeat of this call harmless. */
  publish(roomId, messageClass, data, requestId = randomUUID()) {
    const bytes = Buffer.from(JSON.stringify(data)).toString("base64");
    return this.call("Publish", { requestId, target: { roomId }, class: messageClass, data: bytes });
  }

  addMember(roomId, uid) {
    return this.call("AddRoomMembers", { requestId: randomUUID(), roomId, userIds: [uid] });
  }

  /** Who has acknowledged a RELIABLE message, and who not yet. */
  async recipients(messageId) {
    const { recipients = [] } = await this.call("ListRecipients", { messageId, pageSize: 1000 });
    return recipients.map(({ userId, state }) => ({ uid: userId, confirmed: state === "ACKED" }));
  }
}
