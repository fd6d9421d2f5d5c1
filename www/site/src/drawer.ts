/** The panel as a sheet from below on narrow screens; on wide ones it stands beside the shelves and is always open. */

import { byId } from "./dom.ts";

export function installDrawer(): void {
  const panel = byId("why");
  const toggle = byId("why-toggle");
  const scrim = byId("scrim");
  const wide = matchMedia("(min-width: 68rem)");

  const set = (open: boolean): void => {
    panel.classList.toggle("open", open);
    // While it is closed, keyboard and screen reader must not reach it either.
    panel.inert = !open && !wide.matches;
    scrim.hidden = !open || wide.matches;
    toggle.setAttribute("aria-expanded", String(open));
  };
  toggle.addEventListener("click", () => {
    set(true);
    byId("why-close").focus();
  });
  const close = (): void => {
    set(false);
    toggle.focus();
  };
  byId("why-close").addEventListener("click", close);
  scrim.addEventListener("click", close);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel.classList.contains("open") && !wide.matches) close();
  });
  wide.addEventListener("change", () => set(false));
  set(false);
}
