// Rooms in the console: what the pages show is what ops answers, and what live says of rooms that these tests make.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { call, check, env, equal, noHorizontalScroll, screenshot, showAll, signIn, test } from "./harness.mjs";

const trv = fileURLToPath(new URL("../../trv", import.meta.url));
const realPlatform = Boolean(process.env.TRIVIUM_HOME) && existsSync(trv);
const unique = () => Math.random().toString(36).slice(2, 10);
const refused = [/Failed to load resource.*(404|400)/];
const product = "ketang";

async function live(method, request) {
  const { stdout } = await promisify(execFile)(trv, ["call", `live/${method}`, JSON.stringify(request), "--product", product], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

// A small class of one seat: a teacher, a student on the seat, one who waits, and one who came and left. keep: renews their leases.
async function makeRoom() {
  const name = unique();
  const users = { teacher: `t-${name}`, seated: `s1-${name}`, waits: `s2-${name}`, gone: `s3-${name}` };
  const requestId = (what) => `browser-${what}-${name}`;
  const room = await live("CreateRoom", { requestId: requestId("make"), roomRef: `browser-${name}`, type: "SMALL", title: `浏览器测试 ${name}`, institutionId: `school-${name}`, startTime: new Date().toISOString(), duration: "3600s", seats: 1, closeDelay: "0s" });
  await live("StartRoom", { requestId: requestId("start"), roomId: room.roomId });
  const join = (userId, role) => live("JoinRoom", { roomId: room.roomId, userId, role, requestId: requestId(userId.split("-")[0]) });
  const gone = await join(users.gone, "STUDENT");
  await live("LeaveRoom", { roomId: room.roomId, userId: users.gone, joinId: gone.participant.joinId });
  const stays = [await join(users.teacher, "TEACHER"), await join(users.seated, "STUDENT"), await join(users.waits, "STUDENT")].map((answer) => answer.participant);
  const beat = () => Promise.all(stays.map(({ roomId, userId, joinId, epoch }) => live("Heartbeat", { roomId, userId, joinId, epoch }).catch(() => undefined)));
  const timer = setInterval(beat, 8000);
  return { ...room, users, stop: () => clearInterval(timer), end: () => live("EndRoom", { requestId: requestId("end"), roomId: room.roomId }) };
}

const shownUsers = (page) => page.$$eval("[data-test=participants] tr[data-user]", (rows) => rows.map((row) => row.dataset.user));
const rowOf = (page, user) => page.textContent(`[data-test=participants] tr[data-user="${user}"]`);

// The first product with rooms, and its newest open room; undefined: there is none.
async function openRoom(page) {
  for (const each of (await call(page, "GetSession", {})).json.products) {
    if (!each.hasRooms) continue;
    const { rooms } = (await call(page, "ListRooms", { product: each.product, state: "LIVE" })).json;
    if (rooms?.[0]) return { product: each.product, room: rooms[0] };
  }
  return undefined;
}

// What a room's page shows, beside what ops answers at the same time: they may differ while people come and go, so it looks again.
async function pageEqualsApi(page, of, roomId) {
  let shown = "", said = "";
  for (let tries = 0; tries < 20; tries += 1) {
    const room = (await call(page, "GetRoom", { product: of, roomId })).json;
    const { participants = [] } = (await call(page, "ListParticipants", { product: of, roomId, pageSize: 20 })).json;
    const { events = [] } = (await call(page, "ListRoomEvents", { product: of, roomId, pageSize: 10 })).json;
    const { rtc = 0, fast = 0, standard = 0, waiting = 0 } = room.occupancy ?? {};
    said = JSON.stringify({ counts: rtc + fast + standard + waiting, people: participants.map((each) => each.userId), events: events.map((each) => each.eventId) });
    const counts = await page.$$eval("[data-test=occupancy] li strong", (all) => all.reduce((sum, each) => sum + Number(each.textContent.replace(/\D/g, "")), 0));
    const ids = await page.$$eval("[data-test=events] tr[data-event]", (rows) => rows.map((row) => row.dataset.event));
    shown = JSON.stringify({ counts, people: await shownUsers(page), events: ids });
    if (shown === said) return;
    await page.waitForTimeout(1000);
  }
  equal(shown, said, "what the room's page shows, and what ops answers");
}

for (const view of [
  { width: 1440, height: 900, language: "zh" },
  { width: 1440, height: 900, language: "en" },
  { width: 390, height: 844, language: "zh" },
  { width: 390, height: 844, language: "en" },
]) {
  const name = `${view.language}-${view.width}`;
  test(`rooms, one room, a user's rooms, ${name}`, async (newPage) => {
    const page = await newPage(view);
    await signIn(page, env.admin);
    const made = realPlatform ? await makeRoom() : undefined;
    try {
      const found = made ? { product, room: made } : await openRoom(page);
      if (!found) return "no open room on this platform";
      const { product: of, room } = found;
      await page.goto(`${env.url}/products/${of}/rooms?state=2`);
      await page.waitForSelector(`[data-test=rooms] tr[data-room="${room.roomId}"]`);
      const { rooms } = (await call(page, "ListRooms", { product: of, state: "LIVE" })).json;
      equal((await page.$$eval("[data-test=rooms] tr[data-room]", (rows) => rows.map((row) => row.dataset.room))).slice(0, 3).join(" "), rooms.map((each) => each.roomId).slice(0, 3).join(" "), "live rooms, newest first");
      await noHorizontalScroll(page);
      await screenshot(page, `rooms-${name}`);
      // By its own name, whatever the state that was chosen.
      await page.fill("input[name=search]", room.roomRef);
      await page.press("input[name=search]", "Enter");
      await page.waitForFunction(([id]) => [...document.querySelectorAll("[data-test=rooms] tr[data-room]")].map((each) => each.dataset.room).join() === id, [room.roomId]);
      await page.click(`[data-test=rooms] tr[data-room="${room.roomId}"] a`);
      await page.waitForSelector("[data-test=participants] tr[data-user]");
      await page.waitForSelector("[data-test=events] tr[data-event]");
      await page.waitForSelector("[data-test=stays] tr[data-join]");
      await pageEqualsApi(page, of, room.roomId);
      if (made) {
        equal((await shownUsers(page)).join(" "), [made.users.seated, made.users.waits, made.users.teacher].join(" "), "people, by user");
        check((await rowOf(page, made.users.seated)).includes(view.language === "zh" ? "1 号座位" : "seat 1"), "the seat");
        check((await rowOf(page, made.users.waits)).includes(view.language === "zh" ? "座位已满候课第 1 位" : "seats takenplace 1 in the queue"), `why one waits: ${await rowOf(page, made.users.waits)}`);
        check((await rowOf(page, made.users.teacher)).includes(view.language === "zh" ? "老师名额" : "staff's place"), "staff's place");
        equal(await page.textContent("[data-test=seated] strong"), "1 / 1", "seats");
        equal(await page.locator("[data-test=stays] tr[data-join]").count(), 4, "stays");
        // As live itself says.
        const said = await live("ListParticipants", { roomId: room.roomId });
        equal(said.participants.map((each) => each.userId).join(" "), (await shownUsers(page)).join(" "), "people as live says");
      }
      await showAll(page);
      await noHorizontalScroll(page);
      await screenshot(page, `room-${name}`);
      const user = made ? made.users.seated : await page.textContent("[data-test=participants] tr[data-user]:last-child a");
      await page.click(`[data-test=participants] tr[data-user="${user}"] a`);
      await page.waitForSelector(`[data-test=stays] a[href$="${room.roomId}"]`);
      await page.waitForSelector("[data-test=connections] .tag");
      await noHorizontalScroll(page);
      await screenshot(page, `user-rooms-${name}`);
      return undefined;
    } finally {
      made?.stop();
      await made?.end();
    }
  });
}

test("who comes, is muted and leaves shows on the room's page without a reload; a room that is over says so", async (newPage) => {
  const page = await newPage({ language: "en" });
  await signIn(page, env.admin);
  const room = await makeRoom();
  try {
    await page.goto(`${env.url}/products/${product}/rooms/${room.roomId}`);
    await page.waitForFunction(() => document.querySelectorAll("[data-test=participants] tr[data-user]").length === 3);
    await live("MuteParticipant", { roomId: room.roomId, userId: room.users.seated, audioMuted: true });
    await page.waitForFunction(([user]) => document.querySelector(`[data-test=participants] tr[data-user="${user}"]`)?.textContent.includes("muted"), [room.users.seated]);
    await live("RemoveParticipant", { roomId: room.roomId, userId: room.users.seated, banFor: "60s" });
    // The one who waited has the seat.
    await page.waitForFunction(([user]) => document.querySelector(`[data-test=participants] tr[data-user="${user}"]`)?.textContent.includes("from the queue"), [room.users.waits]);
    await page.waitForFunction(() => document.querySelector("[data-test=events]")?.textContent.includes("removed"));
    room.stop();
    await room.end();
    await page.waitForFunction(() => document.querySelector("[data-test=participants]")?.textContent.includes("The room is over"), undefined, { timeout: 40_000 });
    await page.waitForFunction(() => document.querySelector("[data-test=room-state]")?.textContent.includes("Closed"));
    // What live sent to the room's channel, in push.
    await page.waitForSelector("[data-test=room-messages] tbody tr");
    await screenshot(page, "room-over-en-1440");
  } finally {
    room.stop();
  }
}, { allowed: refused, skip: realPlatform ? "" : "no TRIVIUM_HOME given" });

test("rooms: filters, empty lists, what is not there, and another product's room", async (newPage) => {
  const page = await newPage({ language: "en" });
  await signIn(page, env.admin);
  const products = (await call(page, "GetSession", {})).json.products.filter((each) => each.hasRooms).map((each) => each.product);
  if (products.length === 0) return "no product has rooms";
  await page.goto(`${env.url}/products/${products[0]}/rooms?institution=no-such-school`);
  await page.waitForFunction(() => document.querySelector("[data-test=rooms]")?.textContent.includes("No room fits"));
  await page.goto(`${env.url}/products/${products[0]}/rooms?search=no-such-room`);
  await page.waitForFunction(() => document.querySelector("[data-test=rooms]")?.textContent.includes("There is no room of this id or name"));
  await page.goto(`${env.url}/products/${products[0]}/rooms`);
  await page.waitForSelector("[data-test=rooms]");
  await page.fill("input[name=institution]", "no such school!");
  check((await page.textContent(".problem")).includes("1-64 letters"), "a malformed institution is said before it is asked");
  await page.goto(`${env.url}/products/${products[0]}/rooms/room_00000000000000000000000000`);
  await page.waitForFunction(() => document.querySelector("[role=alert]")?.textContent.includes("There is no such room"));
  await screenshot(page, "room-unknown-en-1440");
  const theirs = (await call(page, "ListRooms", { product: products[0] })).json.rooms?.[0];
  if (theirs && products[1]) {
    for (const method of ["GetRoom", "ListParticipants", "ListRoomStays", "ListRoomEvents"]) {
      equal((await call(page, method, { product: products[1], roomId: theirs.roomId })).reason, "ROOM_NOT_FOUND", `${method} of another product's room`);
    }
  }
  return undefined;
}, { allowed: refused });
