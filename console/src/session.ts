// Who is signed in, and what they may see.
import { computed, shallowRef } from "vue";

import { ops, setCsrfToken } from "./api/client";
import { failureOf } from "./api/failure";
import type { Board, Session } from "./gen/trivium/ops/v1/ops_pb";

const session = shallowRef<Session>();
const boards = shallowRef<Board[]>([]);
let asked = false;
// The cookie is hidden from scripts: this says whether there may be one, so that a first visit asks nothing.
const hintKey = "trivium.signed-in";

async function adopt(next: Session): Promise<void> {
  setCsrfToken(next.csrfToken);
  boards.value = (await ops.listBoards({})).boards;
  session.value = next;
  localStorage.setItem(hintKey, "1");
}

export function useSession() {
  return {
    session,
    boards,
    products: computed(() => session.value?.products ?? []),
    seesPlatform: computed(() => session.value?.role.startsWith("platform_") ?? false),
    mayChange: computed(() => session.value?.role === "platform_admin"),
  };
}

// The session that the cookie holds, if any. Asks once; network errors are the caller's to show.
export async function restoreSession(): Promise<boolean> {
  if (session.value) return true;
  if (asked || !localStorage.getItem(hintKey)) return false;
  try {
    await adopt(await ops.getSession({}));
  } catch (error) {
    if (failureOf(error).reason !== "SESSION_REQUIRED") throw error;
    forgetSession();
  }
  asked = true;
  return session.value !== undefined;
}

export async function signIn(userName: string, password: string): Promise<void> {
  await adopt(await ops.signIn({ userName, password }));
}

export async function signOut(): Promise<void> {
  try {
    await ops.signOut({});
  } finally {
    forgetSession();
  }
}

// The server says that the session is over.
export function forgetSession(): void {
  session.value = undefined;
  boards.value = [];
  localStorage.removeItem(hintKey);
  setCsrfToken("");
}
