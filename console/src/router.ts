import { createRouter, createWebHistory, type RouteLocationNormalized } from "vue-router";

import { restoreSession, useSession } from "./session";

export const router = createRouter({
  history: createWebHistory(),
  // To a section of the page, below the bars that stay; at once, since what loads above it meanwhile would move the goal of a slow scroll.
  scrollBehavior: (to, from, saved) => saved ?? (to.hash ? { el: to.hash, top: 124 } : to.path === from.path ? undefined : { top: 0 }),
  routes: [
    { path: "/sign-in", name: "sign-in", component: () => import("./pages/SignInPage.vue"), meta: { open: true } },
    // The guard below sends it on: what is home depends on who is signed in.
    { path: "/", name: "home", component: { render: () => null } },
    { path: "/products/:product", name: "product", component: () => import("./pages/ProductPage.vue"), props: true },
    { path: "/products/:product/messages", name: "messages", component: () => import("./pages/MessagesPage.vue"), props: true },
    { path: "/products/:product/messages/:messageId", name: "message", component: () => import("./pages/MessagePage.vue"), props: true },
    { path: "/products/:product/rooms", name: "rooms", component: () => import("./pages/RoomsPage.vue"), props: true },
    { path: "/products/:product/rooms/:roomId", name: "room", component: () => import("./pages/RoomPage.vue"), props: true },
    { path: "/products/:product/users", name: "users", component: () => import("./pages/UserPage.vue"), props: true },
    { path: "/commands", name: "commands", component: () => import("./pages/CommandsPage.vue") },
    { path: "/commands/:name", name: "command", component: () => import("./pages/CommandPage.vue"), props: true },
    // A command may be called "new": this one cannot be in its way.
    { path: "/new-command", name: "new-command", component: () => import("./pages/CommandPage.vue"), props: { name: "" } },
    { path: "/services", name: "services", component: () => import("./pages/ServicesPage.vue") },
    { path: "/platform", name: "platform", component: () => import("./pages/PlatformPage.vue"), meta: { platform: true } },
    { path: "/audit", name: "audit", component: () => import("./pages/AuditPage.vue"), meta: { platform: true } },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
});

function homePath(): string {
  const { products, seesPlatform } = useSession();
  const first = products.value[0];
  if (first) return `/products/${encodeURIComponent(first.product)}`;
  return seesPlatform.value ? "/platform" : "/services";
}

// Only paths of this site: an address from elsewhere must not be a way out of it.
export function safeNext(next: unknown): string {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : "/";
}

router.beforeEach(async (to: RouteLocationNormalized) => {
  let signedIn = false;
  try {
    signedIn = await restoreSession();
  } catch {
    // ops does not answer: the sign-in page says so when a person tries.
  }
  if (to.meta.open) return signedIn ? safeNext(to.query.next) : true;
  if (!signedIn) return { name: "sign-in", query: to.fullPath === "/" ? {} : { next: to.fullPath } };
  if (to.meta.platform && !useSession().seesPlatform.value) return "/";
  return to.path === "/" ? homePath() : true;
});
