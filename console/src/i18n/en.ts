// English. Same keys as zh.ts; a test proves it.
import type { zh } from "./zh";

export const en: typeof zh = {
  app: { name: "Trivium Operations", tagline: "Where three roads meet", skip: "Skip to content", menu: "Open menu", language: "Language", signOut: "Sign out", loading: "Loading…", updated: "Updated {time}", live: "Live", paused: "Past", zone: "Time zone {zone}", retry: "Try again", trace: "Trace {id}" },
  nav: { products: "Products", operations: "Operations", services: "Services", platform: "Cells and routes", audit: "Audit" },
  role: { owner: "Product owner", platform_viewer: "Platform viewer", platform_admin: "Platform admin" },
  signIn: { title: "Sign in", name: "User name", password: "Password", submit: "Sign in", hint: "On this machine, ./trv up prints user names and passwords.", expired: "Your session has ended. Please sign in again.", nameMissing: "Enter a user name.", passwordMissing: "Enter a password." },
  range: { label: "Time range", "15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", custom: "Custom", start: "From", end: "To", apply: "Apply", order: "The end must be after the start.", too_long: "At most 31 days.", future: "The start lies in the future." },
  product: { day: "Business day", today: "Today", orders: "Orders", ordersNote: "payments created on the day", paid: "Paid", paidNote: "{count} payments", refunds: "Refunded", refundsNote: "{count} refunds", success: "Success rate", successNote: "of payments that came to an end", noEnd: "no payment has come to an end yet", ledger: "Ledger check", ledgerOk: "Balanced", ledgerWrong: "Not balanced!", debits: "Debits {amount}", credits: "Credits {amount}", commission: "commission {amount}", states: "Payments by state", statesEmpty: "No order on this day yet. They appear when the product's backend calls CreatePayment; locally, run ./trv school-day.", currency: "Currency", notFound: "There is no such product, or your role does not show it.", exact: "From the database, exact to the cent", charts: "Trends" },
  state: { CREATED: "Created", REQUIRES_ACTION: "To be paid", PROCESSING: "Processing", UNKNOWN: "Unknown", SUCCEEDED: "Succeeded", FAILED: "Failed", CANCELED: "Canceled", EXPIRED: "Expired" },
  activity: { title: "Latest activity", empty: "Nothing yet. A payment or refund appears here within seconds of a change.", payment: "Payment", refund: "Refund", time: "Time", kind: "Kind", order: "Order", state: "State", amount: "Amount" },
  chart: { noPanels: "This board has no panels.", series: "{count} lines", all: "All products", product: "Product" },
  platform: { instances: "Instances", instancesEmpty: "No instance is registered. See with ./trv status whether the services run.", service: "Service", instance: "Instance", cell: "Cell", address: "Address", version: "Version", state: "State", started: "Started", heartbeat: "Last heartbeat", alive: "Serving", lost: "Lost", cells: "Cells", routes: "Route plan", routesEmpty: "No route yet. control makes a default route for each service when it starts.", epoch: "Plan epoch {epoch}", routeEpoch: "Epoch", byDefault: "default", own: "Own route", ownHint: "Give one product a route of its own", choose: "Choose a product", start: "Set", product: "Product", allProducts: "All products (*)", order: "Cells in order", home: "Home", backup: "Backup {n}", drained: "Drained", edit: "Change", summary: "{alive} of {total} instances serve, {cells} cells" },
  route: { title: "Change route: {product} · {service}", intro: "Traffic goes to the first cell that is not drained; the others back it up in order. A change reaches every client within milliseconds.", up: "Move {cell} up", down: "Move {cell} down", drain: "Drain", remove: "Remove {cell}", add: "Add a cell", reason: "Reason", reasonHint: "Goes into the audit, for those who come after you.", reasonMissing: "Say why (1-200 characters).", noTraffic: "At least one cell must not be drained.", save: "Save", cancel: "Cancel", based: "Based on plan epoch {epoch}", conflict: "Somebody has just changed the plan; it is at epoch {epoch} now. The newest content is shown: check it, then save again.", saved: "In force, plan epoch {epoch}.", readOnly: "Your role may look, not change." },
  audit: { title: "Audit", intro: "Every change of config and routes: who, why and what.", empty: "No change yet.", time: "Time", actor: "Who", through: "through {caller}", action: "Action", object: "Object", reason: "Reason", detail: "What changed", before: "Before", after: "After", none: "(none)", more: "Earlier entries", end: "No earlier entries." },
  error: {
    title: "Could not read",
    METRICS_UNAVAILABLE: "No metrics: Prometheus does not answer. See prometheus in ./trv status; this refreshes by itself when it is back.",
    PAYMENT_UNAVAILABLE: "No figures for the day: the payment service does not answer. See payment in ./trv status; this refreshes by itself when it is back.",
    CONTROL_UNAVAILABLE: "No platform state: control does not answer. Running traffic goes on; see control in ./trv status.",
    CREDENTIALS_INVALID: "Wrong user name or password.",
    SIGN_IN_LOCKED: "Too many wrong tries: locked for now. Try again in {minutes} min.",
    SESSION_REQUIRED: "Please sign in.",
    CSRF_TOKEN_INVALID: "This page is out of date. Reload it and try again.",
    PRODUCT_NOT_FOUND: "There is no such product, or your role does not show it.",
    ROLE_REQUIRED: "This page is for platform roles.",
    EPOCH_CONFLICT: "Somebody has just changed the plan.",
    network: "The operations service cannot be reached. Check the network, or ops in ./trv status; it reconnects by itself.",
    other: "{message}",
  },
};
