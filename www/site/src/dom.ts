/** Builds elements without a framework: attributes, listeners and children in one call. */

type Attribute = string | number | boolean | null | undefined | ((event: Event) => void);
type Child = Node | string | null | undefined | false;

/** An element; `on…` attributes are listeners, `true` is an empty attribute, `false` and `null` are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
  return element;
}

/** The element with this id; throws if the page lacks it, which is a bug in our HTML. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element #${id}`);
  return element as T;
}

/** Sets custom properties through CSSOM, because a strict Content-Security-Policy forbids style attributes. */
export function paint(element: HTMLElement | SVGElement, properties: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, String(value));
}

export const reducedMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A stable 32-bit hash (FNV-1a): the same item has the same colours on every page and device. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** A duration. A clock that counts whole milliseconds reads 0 for a shorter one, which is no measurement of zero. */
export function milliseconds(value: number): string {
  if (value < 0.005) return "< 1 ms";
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export const count = new Intl.NumberFormat("en");
