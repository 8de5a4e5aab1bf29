import { createI18n } from "vue-i18n";

import type { Language } from "../format/time";
import { en } from "./en";
import { zh } from "./zh";

const storageKey = "trivium.language";

function initialLanguage(): Language {
  return localStorage.getItem(storageKey) === "en" ? "en" : "zh";
}

export const i18n = createI18n({ legacy: false, locale: initialLanguage(), fallbackLocale: "zh", messages: { zh, en } });

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  localStorage.setItem(storageKey, language);
  applyLanguage();
}

// Tells the browser (screen readers, font choice, the tab's title).
export function applyLanguage(): void {
  document.documentElement.lang = i18n.global.locale.value === "zh" ? "zh-CN" : "en";
  document.title = i18n.global.t("app.name");
}
