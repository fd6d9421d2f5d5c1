/** Opens the model on the device, from the same manifest and signed snapshot that the Worker uses. */

import { ModelLoader } from "@selvedge/edge";

/** How often the page looks for a newer model. */
export const REFRESH_MS = 300_000;

export const models = new ModelLoader({ publicKeys: SELVEDGE_PUBLIC_KEYS });
