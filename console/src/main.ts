import { createApp } from "vue";

import App from "./App.vue";
import { applyLanguage, i18n } from "./i18n";
import { router } from "./router";

import "element-plus/theme-chalk/base.css";
import "./styles/base.css";

applyLanguage();
createApp(App).use(i18n).use(router).mount("#app");
