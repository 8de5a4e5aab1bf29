// The time range lives in the address: a link shows what its sender saw, and it stays when the page changes.
import { computed } from "vue";
import { useRoute, useRouter } from "vue-router";

import { rangeFromQuery, rangeToQuery, type TimeRange } from "./format/range";

export function useRangeInAddress() {
  const route = useRoute();
  const router = useRouter();
  return computed<TimeRange>({
    get: () => rangeFromQuery(route.query),
    set: (range) => {
      const { range: _preset, from: _from, to: _to, ...rest } = route.query;
      void router.replace({ query: { ...rest, ...rangeToQuery(range) } });
    },
  });
}
