import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  // Outside this repository: npm install @trivium/client, and no alias.
  resolve: { alias: { "@trivium/client": fileURLToPath(new URL("../../sdk/web/dist/index.js", import.meta.url)) } },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `npx vite` beside `npm start`: the page reloads as you edit.
  server: { proxy: { "/api": "http://127.0.0.1:25800" } },
});
