// A small test runner around one Chromium: each check has a fresh browser context, and fails on what the browser's console calls an error.
import { chromium } from "playwright-core";

const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const env = {
  url: process.env.CONSOLE_URL.replace(/\/$/, ""),
  admin: { name: process.env.ADMIN_NAME ?? "admin", password: process.env.ADMIN_PASSWORD },
  owners: pairs(process.env.OWNERS),
  viewer: pairs(process.env.VIEWER ?? "")[0],
  out: process.env.OUT_DIR,
  prometheusPid: Number(process.env.PROMETHEUS_PID ?? 0),
};

function pairs(text) {
  return text.split(",").filter(Boolean).map((each) => ({ name: each.slice(0, each.indexOf("=")), password: each.slice(each.indexOf("=") + 1) }));
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(got, want, what) {
  check(got === want, `${what}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

const checks = [];
// allowed: patterns of console errors that the check means to cause.
export function test(name, body, { allowed = [], skip = "" } = {}) {
  checks.push({ name, body, allowed, skip });
}

export async function open(browser, { width = 1440, height = 900, language = "zh" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language === "zh" ? "zh-CN" : "en-GB", timezoneId: "Asia/Shanghai" });
  await context.addInitScript((chosen) => {
    if (!localStorage.getItem("trivium.language")) localStorage.setItem("trivium.language", chosen);
  }, language);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

export async function signIn(page, { name, password }, path = "/") {
  await page.goto(env.url + path);
  await page.fill("#name", name);
  await page.fill("#password", password);
  await page.press("#password", "Enter");
  await page.waitForSelector("nav .person", { state: "attached" });
}

// Calls ops as the page would: with its cookie, and the CSRF token if given.
export function call(page, method, body, headers = {}) {
  return page.evaluate(
    async ([url, text, extra]) => {
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json", ...extra }, body: text });
      const json = await response.json().catch(() => ({}));
      const info = (json.details ?? []).find((each) => each.type === "google.rpc.ErrorInfo");
      const reason = info ? /[A-Z][A-Z_]{3,}/.exec(atob(info.value))?.[0] : "";
      return { status: response.status, code: json.code ?? "", reason: reason ?? "", json };
    },
    [`/trivium.ops.v1.OpsService/${method}`, JSON.stringify(body), headers],
  );
}

export async function noHorizontalScroll(page) {
  const [content, view] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  check(content <= view, `page is ${content} px wide in a view of ${view} px`);
}

// Scrolls through the page, so that every chart comes into view, and back.
export async function showAll(page) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  for (let y = 0; y < height; y += 600) {
    await page.evaluate((to) => window.scrollTo(0, to), y);
    await page.waitForTimeout(150);
  }
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.waitForFunction(() => document.querySelectorAll("[data-panel] .wait").length === 0);
}

export const screenshot = (page, name) => page.screenshot({ path: `${env.out}/${name}.png`, fullPage: true });

function watchConsole(page, errors) {
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
}

async function runOne(browser, { name, body, allowed, skip }) {
  if (skip) {
    console.log(`skipped: ${name} (${skip})`);
    return "skipped";
  }
  const errors = [];
  const contexts = browser.contexts().length;
  try {
    const skipped = await body(async (options) => {
      const page = await open(browser, options);
      watchConsole(page, errors);
      return page;
    });
    const unexpected = errors.filter((text) => !allowed.some((pattern) => pattern.test(text)));
    check(unexpected.length === 0, `console errors: ${unexpected.slice(0, 3).join(" | ")}`);
    // What a check found out only when it looked.
    if (typeof skipped === "string") {
      console.log(`skipped: ${name} (${skipped})`);
      return "skipped";
    }
    console.log(`ok: ${name}`);
    return "passed";
  } catch (error) {
    console.log(`FAILED: ${name}\n  ${error.message.split("\n").slice(0, 4).join("\n  ")}`);
    for (const page of browser.contexts().flatMap((context) => context.pages())) {
      await screenshot(page, `failed-${name.replace(/\W+/g, "-").slice(0, 60)}`).catch(() => undefined);
    }
    return "failed";
  } finally {
    await Promise.all(browser.contexts().slice(contexts).map((context) => context.close()));
  }
}

export async function runAll() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags, headless: true });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const each of checks) counts[await runOne(browser, each)] += 1;
  await browser.close();
  console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ""}`);
  return counts.failed === 0 ? 0 : 1;
}
