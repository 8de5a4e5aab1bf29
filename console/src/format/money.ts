// Money for a reader: exact, from minor units; never through floating point.

// Decimal places of a currency (ISO 4217), as the browser knows them.
function decimalPlaces(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

function symbol(currency: string): string {
  const parts = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "narrowSymbol" }).formatToParts(0);
  const text = parts.find((part) => part.type === "currency")?.value ?? currency;
  // A currency without a symbol of its own keeps its code, set apart from the number.
  return /^[A-Z]{3}$/.test(text) ? `${text} ` : text;
}

export function groupThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

// 123456n, "CNY" -> "¥1,234.56".
export function formatMoney(minor: bigint, currency: string): string {
  const places = decimalPlaces(currency);
  const negative = minor < 0n;
  const digits = (negative ? -minor : minor).toString().padStart(places + 1, "0");
  const whole = groupThousands(digits.slice(0, digits.length - places));
  const fraction = places > 0 ? `.${digits.slice(-places)}` : "";
  return `${negative ? "−" : ""}${symbol(currency)}${whole}${fraction}`;
}
