// What ECharts is told about a panel. Pure: tested without a browser.
import type { EChartsCoreOption } from "echarts/core";

import { formatUnit } from "../format/numbers";
import { palette, stateColors } from "../states";

export interface Line {
  label: string;
  times: number[]; // Seconds since 1970.
  values: number[];
}

export interface ChartWords {
  name: (label: string) => string; // A series' name for the reader.
  clock: (time: Date, withSeconds: boolean) => string;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function tooltip(unit: string, words: ChartWords) {
  return (items: { value: [number, number | null]; marker: string; seriesName: string }[]) => {
    const first = items[0];
    if (!first) return "";
    const rows = items
      .filter((item) => item.value[1] !== null)
      .sort((a, b) => (b.value[1] ?? 0) - (a.value[1] ?? 0))
      .slice(0, 12)
      .map((item) => `<tr><td>${item.marker}${escapeHtml(item.seriesName)}</td><td>${formatUnit(item.value[1] ?? Number.NaN, unit)}</td></tr>`);
    return `<div class="chart-tip"><div>${words.clock(new Date(first.value[0]), true)}</div><table>${rows.join("")}</table></div>`;
  };
}

// A point without neighbours has no line to be seen by: it gets a dot.
function isAlone(values: number[], index: number): boolean {
  const missing = (at: number) => Number.isNaN(values[at] ?? Number.NaN);
  return !missing(index) && missing(index - 1) && missing(index + 1);
}

function seriesOf(line: Line, index: number, chart: string, words: ChartWords) {
  return {
    // Keeps its identity over refreshes, so that the line moves instead of blinking.
    id: line.label,
    name: words.name(line.label),
    type: chart === "bar" ? "bar" : "line",
    stack: chart === "line" ? undefined : "all",
    areaStyle: chart === "area" ? { opacity: 0.16 } : undefined,
    lineStyle: { width: 1.8 },
    symbol: "none",
    symbolSize: 4,
    barMaxWidth: 14,
    color: stateColors[line.label] ?? palette[index % palette.length],
    emphasis: { disabled: true },
    data: line.times.map((time, i) => {
      const value = line.values[i] ?? Number.NaN;
      return { value: [time * 1000, Number.isNaN(value) ? null : value], ...(isAlone(line.values, i) ? { symbol: "circle" } : {}) };
    }),
  };
}

export function chartOptions(lines: Line[], unit: string, chart: string, bounds: { start: Date; end: Date }, words: ChartWords): EChartsCoreOption {
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 4, right: 14, top: 12, bottom: lines.length > 1 ? 34 : 6, containLabel: true },
    legend: lines.length > 1 ? { type: "scroll", bottom: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 4, textStyle: { color: "#566072", fontSize: 12 }, pageIconSize: 10 } : undefined,
    xAxis: {
      type: "time",
      min: bounds.start.getTime(),
      max: bounds.end.getTime(),
      splitNumber: 5,
      axisLine: { lineStyle: { color: "#e4e8ee" } },
      axisTick: { show: false },
      axisLabel: { color: "#6d778a", fontSize: 11, hideOverlap: true, formatter: (value: number) => words.clock(new Date(value), false) },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: unit === "ratio" ? (range: { max: number }) => (range.max > 0.5 ? 1 : range.max > 0 ? null : 0.01) : undefined,
      minInterval: unit === "count" ? 1 : undefined,
      // Whole shares are read in quarters.
      ...(unit === "ratio" && lines.some((line) => line.values.some((value) => value > 0.5)) ? { interval: 0.25 } : {}),
      splitNumber: 4,
      splitLine: { lineStyle: { color: "#eef1f5" } },
      axisLabel: { color: "#6d778a", fontSize: 11, formatter: (value: number) => formatUnit(value, unit) },
    },
    tooltip: { trigger: "axis", confine: true, transitionDuration: 0, borderColor: "#e4e8ee", padding: 10, textStyle: { color: "#1b2433", fontSize: 12 }, formatter: tooltip(unit, words) },
    series: lines.map((line, index) => seriesOf(line, index, chart, words)),
  };
}
