// A list that is read page by page: its first page stays fresh, as useLive does it, until a person asks for more.
import { computed, ref, shallowRef, watch } from "vue";

import { failureOf, type Failure } from "./api/failure";
import { useLive } from "./live";

export interface Page<T> {
  items: T[];
  nextPageToken: string;
}

// key: what the list depends on; a change starts it anew. seconds: between looks at the first page.
export function usePaged<T>(load: (pageToken: string, signal?: AbortSignal) => Promise<Page<T>>, seconds: number, key: () => unknown, active: () => boolean = () => true) {
  const older = shallowRef<T[]>([]);
  const token = ref<string>();
  const busy = ref(false);
  const moreFailure = shallowRef<Failure>();
  const first = useLive((signal) => load("", signal), () => (older.value.length ? 0 : seconds), key, active);
  let generation = 0;
  watch(key, (now, before) => {
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    generation += 1;
    older.value = [];
    token.value = undefined;
    moreFailure.value = undefined;
    busy.value = false;
  });

  const nextPageToken = computed(() => token.value ?? first.data.value?.nextPageToken ?? "");
  async function more(): Promise<void> {
    if (!nextPageToken.value || busy.value) return;
    const mine = generation;
    busy.value = true;
    moreFailure.value = undefined;
    try {
      const page = await load(nextPageToken.value);
      if (mine !== generation) return;
      older.value = [...older.value, ...page.items];
      token.value = page.nextPageToken;
    } catch (error) {
      if (mine === generation) moreFailure.value = failureOf(error);
    } finally {
      if (mine === generation) busy.value = false;
    }
  }

  return {
    items: computed(() => (first.data.value ? [...first.data.value.items, ...older.value] : undefined)),
    failure: first.failure,
    updated: first.updated,
    refresh: first.refresh,
    hasMore: computed(() => nextPageToken.value !== ""),
    busy,
    moreFailure,
    more,
  };
}
