/** Consent is a cookie that the Worker reads; Global Privacy Control has the same effect and is the browser's. */

const NAME = "selvedge-consent";

/** Set by the visitor's browser for all sites. */
export const globalPrivacyControl = (): boolean => (navigator as Navigator & { globalPrivacyControl?: boolean }).globalPrivacyControl === true;

export function consents(): boolean {
  return !globalPrivacyControl() && !document.cookie.split("; ").includes(`${NAME}=off`);
}

export function setConsent(on: boolean): void {
  document.cookie = on ? `${NAME}=; Path=/; Max-Age=0; SameSite=Lax` : `${NAME}=off; Path=/; Max-Age=31536000; SameSite=Lax`;
}
