// Tokens of a product: JWTs signed with its Ed25519 key, whose public half the platform knows.
import { createPublicKey, sign, verify } from "node:crypto";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** claims: {sub, product, ...}. key: a private KeyObject. */
export function signToken(claims, { key, keyId, lifetimeSeconds, now = Date.now() }) {
  const head = `${encode({ alg: "EdDSA", typ: "JWT", kid: keyId })}.${encode({ ...claims, exp: Math.floor(now / 1000) + lifetimeSeconds })}`;
  return `${head}.${sign(null, Buffer.from(head), key).toString("base64url")}`;
}

/** The claims of a token that this key has signed for a user and that is not over; undefined otherwise. */
export function readToken(token, { key, now = Date.now() }) {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    if (!verify(null, Buffer.from(`${parts[0]}.${parts[1]}`), createPublicKey(key), Buffer.from(parts[2], "base64url"))) return undefined;
    const claims = JSON.parse(Buffer.from(parts[1], "base64url").toString());
    return claims.exp > now / 1000 && claims.aud === undefined ? claims : undefined;
  } catch {
    return undefined;
  }
}
