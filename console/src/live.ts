// Data that stays fresh: loads at once, again every few seconds while the page is visible, and keeps what it has while it loads or fails.
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";
import { useRouter } from "vue-router";

import { failureOf, isCanceled, type Failure } from "./api/failure";
import { forgetSession } from "./session";

// How fresh data is, for who shows it.
export interface Freshness {
  updated: Ref<Date | undefined>;
  failure: ShallowRef<Failure | undefined>;
}

export interface Live<T> extends Freshness {
  data: ShallowRef<T | undefined>;
  loading: Ref<boolean>;
  refresh: () => Promise<void>;
}

// key: what the data depends on; a change drops the data and loads anew. seconds: between loads; 0: once.
export function useLive<T>(load: (signal: AbortSignal) => Promise<T>, seconds: () => number, key: () => unknown, active: () => boolean = () => true): Live<T> {
  const router = useRouter();
  const data = shallowRef<T>();
  const failure = shallowRef<Failure>();
  const loading = ref(false);
  const updated = ref<Date>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | undefined;

  function schedule(): void {
    clearTimeout(timer);
    // A past range is read once, unless that failed.
    const wait = seconds() || (failure.value ? 5 : 0);
    if (wait > 0) timer = setTimeout(tick, wait * 1000);
  }

  function tick(): void {
    if (document.hidden || !active()) schedule();
    else void refresh();
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    loading.value = true;
    try {
      const loaded = await load(mine.signal);
      if (mine !== running) return;
      data.value = loaded;
      failure.value = undefined;
      updated.value = new Date();
    } catch (error) {
      if (mine !== running || (isCanceled(error) && mine.signal.aborted)) return;
      failure.value = failureOf(error);
      if (failure.value.reason === "SESSION_REQUIRED") return endSession();
    }
    loading.value = false;
    schedule();
  }

  function endSession(): void {
    forgetSession();
    void router.replace({ name: "sign-in", query: { next: router.currentRoute.value.fullPath, expired: "1" } });
  }

  function onVisible(): void {
    if (!document.hidden && active() && seconds() > 0) void refresh();
  }

  watch(
    [key, active],
    ([nowKey, nowActive], before) => {
      if (!before.length || JSON.stringify(nowKey) !== JSON.stringify(before[0])) {
        data.value = undefined;
        failure.value = undefined;
      } else if (data.value !== undefined && seconds() === 0) {
        return;
      }
      if (nowActive) void refresh();
    },
    { immediate: true },
  );
  document.addEventListener("visibilitychange", onVisible);
  onScopeDispose(() => {
    clearTimeout(timer);
    running?.abort();
    running = undefined;
    document.removeEventListener("visibilitychange", onVisible);
  });
  return { data, failure, loading, updated, refresh };
}
