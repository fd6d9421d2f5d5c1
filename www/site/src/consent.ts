/** Consent is a cookie that the Worker reads. Global Privacy Control, a setting of the browser, has the same effect. */

const NAME = "selvedge-consent";

/** Whether the visitor's browser sends Global Privacy Control to all sites. */
export const globalPrivacyControl = (): boolean => (navigator as Navigator & { globalPrivacyControl?: boolean }).globalPrivacyControl === true;

export function consents(): boolean {
  return !globalPrivacyControl() && !document.cookie.split("; ").includes(`${NAME}=off`);
}

export function setConsent(on: boolean): void {
  document.cookie = on ? `${NAME}=; Path=/; Max-Age=0; SameSite=Lax` : `${NAME}=off; Path=/; Max-Age=31536000; SameSite=Lax`;
}
