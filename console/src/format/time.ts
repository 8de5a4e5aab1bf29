// Times for a reader, in the zone that the reader is told.

export type Language = "zh" | "en";

const locales: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

// "14:05:09".
export function formatClock(time: Date, timeZone: string | undefined, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(time);
}

// "2026-09-01 14:05:09", the same in both languages: it sorts and copies well.
export function formatDateTime(time: Date, timeZone?: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }).format(time);
}

// The calendar day in a zone: "2026-09-01".
export function dayIn(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(time);
}

// The browser's own zone: "Asia/Shanghai".
export function browserZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
