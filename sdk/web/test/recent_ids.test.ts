import { expect, test } from "vitest";
import { RecentIds } from "../src/recent_ids.js";

test("remembers the last ids, and forgets those not seen for longest", () => {
  const ids = new RecentIds(3);
  for (const id of ["a", "b", "c"]) ids.add(id);
  expect(ids.touch("a")).toBe(true);
  ids.add("d");
  expect(ids.touch("b")).toBe(false);
  expect(ids.last(10)).toEqual(["c", "a", "d"]);
  expect(ids.last(2)).toEqual(["a", "d"]);
});

test("an id that is added twice takes one place", () => {
  const ids = new RecentIds(2);
  for (const id of ["a", "b", "b", "b"]) ids.add(id);
  expect(ids.last(10)).toEqual(["a", "b"]);
});
