// Filters live in the address: a link shows what its sender saw.
import { computed, ref, type Ref, watch } from "vue";
import { useRoute, useRouter } from "vue-router";

export function useFiltersInAddress() {
  const route = useRoute();
  const router = useRouter();
  const valueOf = (name: string): string => (typeof route.query[name] === "string" ? (route.query[name] as string) : "");
  return {
    text: (name: string, maxLength = 256) => computed(() => valueOf(name).slice(0, maxLength)),
    // 0: none of them.
    choice: (name: string, choices: readonly number[]) => computed(() => choices.find((each) => String(each) === valueOf(name)) ?? 0),
    // "" and 0 leave the address; what is not named stays.
    set(changes: Record<string, string | number>): void {
      const query = { ...route.query, ...changes };
      void router.replace({ query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "" && value !== 0)) as Record<string, string> });
    },
  };
}

// What a person types before it becomes the filter.
export function useTyped(filter: Readonly<Ref<string>>) {
  const typed = ref(filter.value);
  watch(filter, (now) => (typed.value = now));
  return typed;
}
