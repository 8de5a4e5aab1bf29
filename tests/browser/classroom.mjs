// The example examples/classroom-web: a teacher and students in one class, on two pages.
import { check, equal, noHorizontalScroll, screenshot, test } from "./harness.mjs";

const url = (process.env.CLASSROOM_URL ?? "").replace(/\/$/, "");
const skip = url ? "" : "CLASSROOM_URL is not set";
const unique = () => Math.random().toString(36).slice(2, 8);
const at = (name) => `[data-test=${name}]`;

async function enter(newPage, name, { teacher = false, ...view } = {}) {
  const page = await newPage(view);
  await page.addInitScript((language) => localStorage.getItem("classroom.language") ?? localStorage.setItem("classroom.language", language), view.language ?? "zh");
  await page.goto(url);
  await page.fill("#uid", name);
  if (teacher) await page.check(at("teacher"));
  await page.press("#uid", "Enter");
  await page.waitForSelector(`${at("connection")}.connected`);
  return page;
}
const contains = (page, selector, text) =>
  page.waitForFunction(([where, what]) => [...document.querySelectorAll(where)].some((each) => each.textContent.includes(what)), [selector, text]);
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((each) => each.textContent.trim()));

for (const language of ["zh", "en"]) {
  for (const width of [1440, 390]) {
    const suffix = `${language}-${width}`;
    test(`classroom ${suffix}: chat, likes, who is here, and a roll call until it is confirmed`, async (newPage) => {
      const [teacherName, studentName] = [`teacher-${unique()}`, `student-${unique()}`];
      const student = await enter(newPage, studentName, { language, width, height: width < 500 ? 844 : 900 });
      const teacher = await enter(newPage, teacherName, { teacher: true, language });
      for (const page of [student, teacher]) for (const name of [teacherName, studentName]) await contains(page, `${at("people")} li`, name);

      const words = unique();
      await student.fill(at("text"), `老师好 ${words}`);
      await student.click(at("send"));
      await teacher.fill(at("text"), `同学好 ${words}`);
      await contains(teacher, `${at("chats")} li`, `老师好 ${words}`);
      await teacher.click(at("send"));
      for (const page of [student, teacher]) {
        await contains(page, `${at("chats")} li`, `同学好 ${words}`);
        const said = (await texts(page, `${at("chats")} li p`)).filter((text) => text.includes(words));
        equal(said.join(" | "), `老师好 ${words} | 同学好 ${words}`, "chat in order, each once");
      }
      const likes = Number((await texts(student, at("likes")))[0]);
      await teacher.click(at("like"));
      await student.waitForFunction(([where, before]) => Number(document.querySelector(where).textContent) > before, [at("likes"), likes]);

      await teacher.click(at("call-roll"));
      await student.waitForSelector(at("here"));
      await screenshot(student, `classroom-asked-${suffix}`);
      const mine = `${at("confirmations")} li`;
      await contains(teacher, mine, studentName);
      equal(await teacher.$$eval(mine, (all, name) => all.filter((each) => each.textContent.includes(name) && each.classList.contains("done")).length, studentName), 0, "confirmed before the answer");
      await student.click(at("here"));
      await student.waitForSelector(`${at("mark")}.confirmed`);
      await teacher.waitForFunction(([where, name]) => [...document.querySelectorAll(where)].some((each) => each.textContent.includes(name) && each.classList.contains("done")), [mine, studentName]);
      await noHorizontalScroll(student);
      await screenshot(student, `classroom-${suffix}`);
      if (width === 1440) await screenshot(teacher, `classroom-teacher-${suffix}`);
    }, { skip });
  }
}

test("classroom: an unanswered roll call is there again after a reload, an answered one is not; chat comes back", async (newPage) => {
  const teacher = await enter(newPage, `teacher-${unique()}`, { teacher: true });
  const student = await enter(newPage, `student-${unique()}`);
  const words = unique();
  await student.fill(at("text"), words);
  await student.click(at("send"));
  await contains(student, `${at("chats")} li`, words);
  await teacher.click(at("call-roll"));
  await student.waitForSelector(at("here"));
  await student.reload();
  await student.waitForSelector(at("here"));
  await contains(student, `${at("chats")} li`, words);
  await student.click(at("here"));
  await student.waitForSelector(`${at("mark")}.confirmed`);
  await student.reload();
  await student.waitForSelector(`${at("connection")}.connected`);
  await student.waitForTimeout(1000);
  check((await student.$(at("here"))) === null, "an answered roll call came again");
}, { skip });

test("classroom: a lost line comes back by itself, with what was said meanwhile", async (newPage) => {
  const other = await enter(newPage, `student-${unique()}`);
  const page = await enter(newPage, `student-${unique()}`);
  const words = unique();
  await page.context().setOffline(true);
  await page.waitForSelector(`${at("connection")}.again`, { timeout: 60_000 });
  await other.fill(at("text"), `离线时 ${words}`);
  await other.click(at("send"));
  await contains(other, `${at("chats")} li`, words);
  await page.context().setOffline(false);
  await page.waitForSelector(`${at("connection")}.connected`, { timeout: 60_000 });
  await contains(page, `${at("chats")} li`, words);
  equal((await texts(page, `${at("chats")} li p`)).filter((text) => text.includes(words)).length, 1, "what was said meanwhile, once");
}, { skip, allowed: [/ERR_INTERNET_DISCONNECTED/, /WebSocket/] });

test("classroom: a name that is none is refused in words", async (newPage) => {
  const page = await newPage({});
  await page.goto(url);
  await page.evaluate(() => document.querySelector("#uid").removeAttribute("pattern"));
  await page.fill("#uid", "老师 一");
  await page.press("#uid", "Enter");
  await contains(page, at("error"), "uid: want");
}, { skip, allowed: [/400/] });
