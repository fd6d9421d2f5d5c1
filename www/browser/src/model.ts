/** Opens the model on the device, from the same manifest and signed snapshot that the Worker uses. */

import { ModelLoader } from "@selvedge/edge";

/** How often the page looks for a newer model. */
export const REFRESH_MS = 300_000;

/** Where the model is: the page names the manifest's address in `<meta name="selvedge-models">` if it lies on another host. */
const manifest = document.querySelector<HTMLMetaElement>('meta[name="selvedge-models"]')?.content || undefined;

export const models = new ModelLoader({ publicKeys: SELVEDGE_PUBLIC_KEYS, manifest });
