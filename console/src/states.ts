// Colours of states: the same on bars, tags and charts.
export const stateOrder = ["SUCCEEDED", "REQUIRES_ACTION", "PROCESSING", "CREATED", "UNKNOWN", "EXPIRED", "CANCELED", "FAILED"] as const;

export const stateColors: Record<string, string> = {
  SUCCEEDED: "#2f9e6e",
  REQUIRES_ACTION: "#4a7fc1",
  PROCESSING: "#7fa6d6",
  CREATED: "#a9c1e0",
  UNKNOWN: "#8a5cc2",
  EXPIRED: "#e0a63a",
  CANCELED: "#a3acb9",
  FAILED: "#d0584f",
  // Of messages: fates, and outcomes of joins.
  acked: "#2f9e6e",
  vendor: "#3aa6b9",
  pending: "#a9c1e0",
  expired: "#e0a63a",
  recovered: "#2f9e6e",
  lost: "#d0584f",
  // Of people in rooms: rungs, best first, and how stays end.
  RTC: "#2f9e6e",
  FAST: "#4a7fc1",
  STANDARD: "#7fa6d6",
  WAITING: "#e0a63a",
  LEASE_EXPIRED: "#e0a63a",
  REMOVED: "#d0584f",
};

// For series that are no states: told apart by hue and lightness, calm on white.
export const palette = ["#3467b0", "#2f9e6e", "#e0a63a", "#8a5cc2", "#d0584f", "#3aa6b9", "#a3793f", "#6d778a", "#c25c94", "#7fa6d6", "#8fb75a", "#4d5566"];

export function toneOf(state: string): string {
  const tones: Record<string, string> = {
    SUCCEEDED: "good", FAILED: "bad", UNKNOWN: "bad", EXPIRED: "warn", REQUIRES_ACTION: "accent", PROCESSING: "accent", CREATED: "accent",
    // Of messages and deliveries.
    SCHEDULED: "accent", ACCEPTED: "accent", SENT: "accent", COMPLETED: "good", ACKED: "good", VENDOR: "good", PENDING: "accent", DROPPED: "bad",
    // Of rooms, rungs and stays.
    LIVE: "good", ENDED: "warn", RTC: "good", FAST: "accent", STANDARD: "accent", WAITING: "warn", JOINED: "good", QUEUED: "warn",
  };
  return tones[state] ?? "";
}
