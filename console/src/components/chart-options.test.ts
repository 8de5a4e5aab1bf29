import { describe, expect, it } from "vitest";

import { chartOptions } from "./chart-options";

const bounds = { start: new Date(0), end: new Date(10_000) };
const words = { name: (label: string) => label, clock: () => "12:00" };
const line = { label: "<b>x</b>", times: [1, 2], values: [0.5, Number.NaN] };

interface Tested {
  series: { data: unknown[]; stack?: string }[];
  tooltip: { formatter: (items: unknown[]) => string };
}

describe("chartOptions", () => {
  it("leaves a gap where nothing was measured, and a dot for a lonely point", () => {
    const options = chartOptions([line], "ratio", "line", bounds, words) as unknown as Tested;
    expect(options.series[0]?.data).toEqual([{ value: [1000, 0.5], symbol: "circle" }, { value: [2000, null] }]);
  });
  it("stacks areas, not lines", () => {
    expect((chartOptions([line], "count", "area", bounds, words) as unknown as Tested).series[0]?.stack).toBe("all");
    expect((chartOptions([line], "count", "line", bounds, words) as unknown as Tested).series[0]?.stack).toBeUndefined();
  });
  it("lets no label become markup in the tooltip", () => {
    const options = chartOptions([line], "count", "line", bounds, words) as unknown as Tested;
    const html = options.tooltip.formatter([{ value: [1000, 1], marker: "", seriesName: line.label }]);
    expect(html).not.toContain("<b>");
  });
});
