/** Whether the browser keeps cookies for this site. Without them the edge forgets the visitor after each answer. */

const PROBE = "selvedge-probe";

export function keepsCookies(): boolean {
  try {
    document.cookie = `${PROBE}=1; Path=/; Max-Age=60; SameSite=Lax`;
    const kept = document.cookie.split("; ").includes(`${PROBE}=1`);
    document.cookie = `${PROBE}=; Path=/; Max-Age=0; SameSite=Lax`;
    return kept;
  } catch {
    // A page in a sandbox may not even ask.
    return false;
  }
}
