/** Keeps the profile between visits, only in this browser's storage. */

import { Profile, SelvedgeError } from "@selvedge/edge";

const KEY = "selvedge-profile";

export function restoreProfile(): Profile {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored !== null) return Profile.fromBytes(Uint8Array.from(atob(stored), (character) => character.charCodeAt(0)));
  } catch (error) {
    // Without storage, or with bytes of a version that this engine does not read, begin with a new profile. Any other error is a bug.
    if (!(error instanceof SelvedgeError || error instanceof DOMException)) throw error;
  }
  return new Profile();
}

export function keepProfile(profile: Profile): void {
  try {
    localStorage.setItem(KEY, btoa(String.fromCharCode(...profile.toBytes())));
  } catch {
    // Without storage, the profile lasts as long as the page.
  }
}

export function forgetProfile(): Profile {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Without storage, nothing was stored.
  }
  return new Profile();
}
