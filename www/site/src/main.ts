/** Entry point: connects the page's fixed parts to the shop. */

import { consents, globalPrivacyControl, setConsent } from "./consent.ts";
import { keepsCookies } from "./cookies.ts";
import { byId } from "./dom.ts";
import { installDrawer } from "./drawer.ts";
import { Shop } from "./shop.ts";
import { installThemeToggle } from "./theme.ts";
import { say } from "./toast.ts";

const SEARCH_DELAY_MS = 140;

installThemeToggle();
installDrawer();
const shop = new Shop();

byId("brand").addEventListener("click", (event) => {
  if ((event as MouseEvent).metaKey || (event as MouseEvent).ctrlKey) return;
  event.preventDefault();
  shop.go("/");
});

const search = byId<HTMLInputElement>("search");
let pending: ReturnType<typeof setTimeout> | undefined;
search.addEventListener("input", () => {
  clearTimeout(pending);
  pending = setTimeout(() => shop.search(search.value), SEARCH_DELAY_MS);
});
byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(pending);
  shop.search(search.value);
});
addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    search.focus();
  }
});

byId("forget").addEventListener("click", () => {
  shop.forget().then(
    () => say("Forgotten: the cookie is gone, and the page is as for a new visitor."),
    () => say("The edge could not be reached; nothing was forgotten. Try again."),
  );
});

const consent = byId<HTMLButtonElement>("consent");
function showConsent(): void {
  const on = consents();
  consent.textContent = on ? "Turn personalization off" : "Turn personalization on";
  consent.disabled = globalPrivacyControl();
  byId("cookies-note").hidden = keepsCookies();
  byId("consent-note").textContent = globalPrivacyControl()
    ? "Off: your browser asks every site not to (Global Privacy Control)."
    : on
      ? ""
      : "Off: no profile is read, written or collected.";
}
consent.addEventListener("click", () => {
  setConsent(!consents());
  showConsent();
  void shop.refresh();
});
showConsent();

shop.start();
