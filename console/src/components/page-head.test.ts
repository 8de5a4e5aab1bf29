import { createSSRApp, h, shallowRef } from "vue";
import { createI18n } from "vue-i18n";
import { describe, expect, it } from "vitest";
import { renderToString } from "vue/server-renderer";

import type { Failure } from "../api/failure";
import { en } from "../i18n/en";
import type { Freshness } from "../live";
import PageHead from "./PageHead.vue";

const fresh = (at?: Date, failure?: Failure): Freshness => ({ updated: shallowRef(at), failure: shallowRef(failure) });

async function htmlOf(props: { title: string; live?: Freshness; zone?: string }, slots: Record<string, () => unknown> = {}): Promise<string> {
  const app = createSSRApp({ render: () => h(PageHead, props, slots) });
  app.use(createI18n({ legacy: false, locale: "en", messages: { en } }));
  return (await renderToString(app)).replaceAll(/<!--.*?-->| data-v-\w+(="")?/g, "");
}

describe("the head of a page", () => {
  it("says what the page is, when its data was read, and in which zone", async () => {
    const html = await htmlOf({ title: "Ketang · Rooms", live: fresh(new Date("2026-11-27T04:05:06Z")), zone: "Asia/Shanghai" });
    expect(html).toContain("<h1>Ketang · Rooms</h1>");
    expect(html).toContain("12:05:06");
    expect(html).toContain("Asia/Shanghai");
    expect(html).toContain('class="dot"');
  });
  it("says that data is not fresh any more", async () => {
    const failure = { reason: "INTERNAL" } as Failure;
    expect(await htmlOf({ title: "Rooms", live: fresh(new Date(), failure) })).toContain('class="failed dot"');
  });
  it("shows neither status nor zone of a page that has none", async () => {
    const html = await htmlOf({ title: "Rooms" });
    expect(html).not.toContain("dot");
    expect(html).toMatch(/<p class="sub">\s*<\/p>/);
  });
  it("keeps controls and more words beside it", async () => {
    const html = await htmlOf({ title: "Commands" }, { about: () => "what they are", default: () => h("button", "new") });
    expect(html).toMatch(/<p class="sub">.*what they are.*<\/p><\/div><button>new<\/button><\/header>/);
  });
});
