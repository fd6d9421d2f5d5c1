/** Light or dark: the visitor's choice on this device, else the system's. `theme-early.js` applies it before the first paint. */

import { byId } from "./dom.ts";

const KEY = "selvedge-theme";

export function installThemeToggle(): void {
  const button = byId("theme");
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = (): boolean => (root.dataset["theme"] ?? (system.matches ? "dark" : "light")) === "dark";
  const label = (): void => button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    root.dataset["theme"] = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // If storage is forbidden, the choice lasts as long as the page.
    }
    label();
  });
  system.addEventListener("change", label);
  label();
}
