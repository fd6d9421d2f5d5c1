/** Short messages that disappear by themselves and are read aloud by a screen reader. */

import { byId, h } from "./dom.ts";

const SHOWN_MS = 6_000;

export function say(message: string): void {
  const toast = h("p", { class: "toast" }, message);
  byId("toasts").replaceChildren(toast);
  setTimeout(() => toast.remove(), SHOWN_MS);
}
