/** The profile between visits: in this browser's own storage, and nowhere else. */

import { Profile, SelvedgeError } from "@selvedge/edge";

const KEY = "selvedge-profile";

export function restoreProfile(): Profile {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored !== null) return Profile.fromBytes(Uint8Array.from(atob(stored), (character) => character.charCodeAt(0)));
  } catch (error) {
    // Bytes of a version that this engine does not read, or no storage: a new visitor. Anything else is a mistake of ours.
    if (!(error instanceof SelvedgeError || error instanceof DOMException)) throw error;
  }
  return new Profile();
}

export function keepProfile(profile: Profile): void {
  try {
    localStorage.setItem(KEY, btoa(String.fromCharCode(...profile.toBytes())));
  } catch {
    // No storage: the profile lives as long as the page.
  }
}

export function forgetProfile(): Profile {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was stored either.
  }
  return new Profile();
}
