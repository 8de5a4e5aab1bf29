// Numbers for a reader, by the unit that boards.yaml gives a panel.
import { groupThousands } from "./money";

export function formatCount(count: bigint): string {
  return count < 0n ? `−${groupThousands((-count).toString())}` : groupThousands(count.toString());
}

export function formatRatio(ratio: number): string {
  if (Number.isNaN(ratio)) return "–";
  const percent = ratio * 100;
  return `${Number.isInteger(percent) ? percent : percent.toFixed(percent > 99.9 ? 2 : 1)}%`;
}

function significant(value: number): string {
  if (value === 0) return "0";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString("en-US");
}

function seconds(value: number): string {
  if (value === 0) return "0";
  if (value < 1e-3) return `${significant(value * 1e6)} µs`;
  if (value < 1) return `${significant(value * 1e3)} ms`;
  if (value < 120) return `${significant(value)} s`;
  return value < 7200 ? `${significant(value / 60)} min` : `${significant(value / 3600)} h`;
}

function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let index = 0;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${significant(value)} ${units[index]}`;
}

// A value of a chart. unit: Panel.unit of ops.proto.
export function formatUnit(value: number, unit: string): string {
  if (Number.isNaN(value)) return "–";
  switch (unit) {
    case "ratio":
      return formatRatio(value);
    case "seconds":
      return seconds(value);
    case "bytes":
      return bytes(value);
    case "per_second":
      return `${value !== 0 && value < 0.01 ? "<0.01" : significant(value)}/s`;
    default:
      return significant(value);
  }
}
