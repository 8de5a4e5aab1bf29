// What the pages of a product share: its names and zone, as the session knows them.
import { computed } from "vue";
import { useI18n } from "vue-i18n";

import { browserZone } from "./format/time";
import { useSession } from "./session";

export function useProduct(product: () => string) {
  const { locale } = useI18n();
  const { products } = useSession();
  const names = computed(() => products.value.find((each) => each.product === product()));
  return {
    names,
    title: computed(() => (locale.value === "zh" ? names.value?.displayNameZh : names.value?.displayNameEn) || product()),
    zone: computed(() => names.value?.timeZone || browserZone()),
  };
}
