// A small test runner: one after the other, each with a time limit, TAP lines.
const tests = [];
const defaultTimeoutMs = 30_000;

export function test(name, body, { timeoutMs = defaultTimeoutMs } = {}) {
  tests.push({ name, body, timeoutMs });
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(got, want, what) {
  const [left, right] = [JSON.stringify(got), JSON.stringify(want)];
  if (left !== right) throw new Error(`${what}: ${left}, want ${right}`);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What `condition` returns as soon as it is truthy. what: for the error after timeoutMs; it may be a function. */
export async function until(what, condition, timeoutMs = 10_000) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${typeof what === "function" ? what() : what}`);
    await sleep(20);
  }
}

/** Rejects unless the promise is rejected; returns the error. */
export async function rejected(promise, what) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: ${JSON.stringify(value)}, want an error`);
}

async function runOne({ name, body, timeoutMs }) {
  const ends = [];
  let timer;
  const limit = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`not done within ${timeoutMs} ms`)), timeoutMs)));
  try {
    await Promise.race([body((end) => ends.push(end)), limit]);
    console.log(`ok - ${name}`);
    return true;
  } catch (error) {
    console.log(`# ${String(error.stack ?? error).replaceAll("\n", "\n# ")}`);
    console.log(`not ok - ${name}`);
    return false;
  } finally {
    clearTimeout(timer);
    for (const end of ends.reverse()) await Promise.resolve().then(end).catch(() => undefined);
  }
}

/** Runs all; a test calls its argument with what must be undone when it ends. */
export async function runAll() {
  const only = process.argv[2];
  let failed = 0;
  for (const each of tests.filter(({ name }) => !only || name.includes(only))) failed += (await runOne(each)) ? 0 : 1;
  process.exit(failed === 0 ? 0 : 1);
}
