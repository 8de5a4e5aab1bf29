import vue from "@vitejs/plugin-vue";
import Components from "unplugin-vue-components/vite";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [vue(), Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: "css" })] })],
  define: {
    // vue-i18n: its message compiler must not need eval, which the Content-Security-Policy forbids.
    __INTLIFY_JIT_COMPILATION__: true,
    __VUE_I18N_LEGACY_API__: false,
  },
  build: {
    target: "es2022",
    // Everything under assets/ carries its hash in its name: ops serves it as immutable.
    assetsDir: "assets",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev` against a running platform: CONSOLE_URL=http://127.0.0.1:21022 npm run dev
    proxy: { "/trivium.": { target: process.env.CONSOLE_URL ?? "http://127.0.0.1:25122" } },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
