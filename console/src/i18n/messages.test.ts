import { describe, expect, it } from "vitest";

import { en } from "./en";
import { zh } from "./zh";

type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, prefix = ""): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") flat.set(prefix + key, value);
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) flat.set(inner, text);
  }
  return flat;
}

const chinese = flatten(zh);
const english = flatten(en);

describe("messages", () => {
  it("exist in both languages", () => expect([...chinese.keys()]).toEqual([...english.keys()]));
  it("say something", () => expect([...chinese, ...english].filter(([, text]) => text.trim() === "")).toEqual([]));
  it("have the same parameters in both languages", () => {
    const parameters = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    for (const [key, text] of chinese) expect(parameters(english.get(key) ?? ""), key).toEqual(parameters(text));
  });
  it("are Chinese in zh and not in en", () => {
    const han = /\p{Script=Han}/u;
    expect([...english].filter(([, text]) => han.test(text))).toEqual([]);
    const wordless = new Set(["error.other"]);
    expect([...chinese].filter(([key, text]) => !wordless.has(key) && !han.test(text))).toEqual([]);
  });
});
