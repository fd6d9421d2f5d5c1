/**
 * Drawings for items without photographs. Each is a few strokes on a 48 × 48 grid; a leading `*` marks the shape that
 * is also tinted. The hue is the natural one if there is one (bananas are yellow), in degrees of OKLCH.
 */

interface Glyph {
  readonly hue: number;
  readonly shapes: readonly string[];
}

const circle = (x: number, y: number, r: number): string => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
const dot = (x: number, y: number): string => `M${x} ${y}h.01`;

export const GLYPHS = {
  apple: { hue: 25, shapes: ["*M24 16c-4-4-13-3-13 8 0 9 6 15 9 15 2 0 2.500-1 4-1s2 1 4 1c3 0 9-6 9-15 0-11-9-12-13-8z", "M24 16c0-4 1-7 3-9", "*M28 11c3-4 7-4 9-3-1 4-5 6-9 3z"] },
  banana: { hue: 92, shapes: ["*M12 9c-2 16 8 29 25 28 3 0 4-3 1-4-11-3-18-10-21-24-.6-2.500-4.700-2.600-5 0z", "M14 13c1 12 8 20 20 22"] },
  grapes: { hue: 320, shapes: [`*${circle(15, 20, 4.5)}`, `*${circle(24, 20, 4.5)}`, `*${circle(33, 20, 4.5)}`, `*${circle(19.5, 28, 4.5)}`, `*${circle(28.5, 28, 4.5)}`, `*${circle(24, 36, 4.5)}`, "M24 15V9c3-3 7-3 9-1"] },
  citrus: { hue: 65, shapes: [`*${circle(24, 24, 16)}`, circle(24, 24, 11.5), "M24 13v22M14 18.500l20 11M34 18.500l-20 11"] },
  berry: { hue: 15, shapes: ["*M24 41C16 37 10 29 10 22c0-5 5-7 9-5l5 1 5-1c4-2 9 0 9 5 0 7-6 15-14 19z", "M16 15l8 3 8-3-4-3 1-4-5 3-5-3 1 4z", `${dot(18, 24)}${dot(24, 24)}${dot(30, 24)}${dot(21, 30)}${dot(27, 30)}${dot(24, 35)}`] },
  leaf: { hue: 145, shapes: ["*M11 36C7 19 20 8 40 9c1 20-11 32-29 27z", "M8 40c6-11 13-17 22-21"] },
  salad: { hue: 138, shapes: ["*M7 25h34c0 8-5 14-12 14H19c-7 0-12-6-12-14z", "M12 25c-2-8 3-13 9-11 2-6 11-6 12 0 4 1 5 6 3 11", "M21 14c0 5 2 8 4 11M33 14c-3 3-4 6-4 11"] },
  carrot: { hue: 55, shapes: ["*M31 17c4 4 2 8-2 11L12 40c-3 2-6-1-4-4l12-17c3-4 7-6 11-2z", "M31 17c-1-5 1-8 4-10M31 17c5 1 8-1 10-4M31 17l7-7M19 22l4 4M15 29l3 3"] },
  tomato: { hue: 28, shapes: [`*${circle(24, 27, 13)}`, "M24 17c-3-3-6-3-9-2M24 17c3-3 6-3 9-2M24 17V8M24 17c-1 3-2 4-4 6M24 17c1 3 2 4 4 6"] },
  pepper: { hue: 140, shapes: ["*M24 17c-8-4-14 0-13 9 1 8 4 13 7 13 2 0 4-1 6-1s4 1 6 1c3 0 6-5 7-13 1-9-5-13-13-9z", "M24 17c0-4-1-6 2-9M19 22c-2 3-2 8 0 12"] },
  onion: { hue: 75, shapes: ["*M24 9c-1 6-14 9-14 18 0 7 7 12 14 12s14-5 14-12c0-9-13-12-14-18z", "M24 17c-5 5-7 10-5 21M24 17c5 5 7 10 5 21"] },
  potato: { hue: 70, shapes: ["*M11 30c-3-7 2-17 12-19 9-2 17 4 16 13-1 8-7 14-16 14-6 0-10-3-12-8z", `${dot(20, 21)}${dot(29, 19)}${dot(26, 29)}${dot(18, 31)}`] },
  broccoli: { hue: 150, shapes: ["*M14 26c-6-1-6-9 0-10 0-7 8-8 10-4 3-4 10-2 10 4 6 1 6 9 0 10z", "M20 26l1 13h6l1-13M24 26v5"] },
  egg: { hue: 80, shapes: ["*M24 8c7 0 12 11 12 19 0 7-5 12-12 12s-12-5-12-12C12 19 17 8 24 8z", "M18 22c1-4 3-7 5-8"] },
  milk: { hue: 235, shapes: ["*M14 19l4-8h12l4 8v21H14z", "M14 19h20M18 11V7h12v4M19 27c3-2 6 2 10 0v6c-4 2-7-2-10 0z"] },
  cheese: { hue: 85, shapes: ["*M7 28L32 12c5 2 9 8 9 16v10H7z", "M7 28h34", circle(20, 33, 2), circle(31, 34, 1.5), circle(29, 22, 2)] },
  cup: { hue: 350, shapes: ["*M14 18h20l-3 21H17z", "M11 13h26v5H11zM16 28h16"] },
  butter: { hue: 90, shapes: ["*M7 31l6-10h28l-6 10z", "M7 31v7h28v-7M35 38l6-8v-9M20 21l-5 10"] },
  bread: { hue: 68, shapes: ["*M12 23c-5-2-5-11 4-11h16c9 0 9 9 4 11v16H12z", "M19 19l3 4M26 19l3 4"] },
  bun: { hue: 62, shapes: ["*M8 25c0-9 8-13 16-13s16 4 16 13z", "M8 30c4 3 6-1 11 1s6 1 10 0 7 1 11-1M10 34c0 3 2 5 5 5h18c3 0 5-2 5-5", `${dot(19, 18)}${dot(26, 17)}${dot(31, 20)}`] },
  cupcake: { hue: 0, shapes: ["*M11 26c-3-5 2-9 5-8 0-7 13-9 15-1 5-1 9 4 6 9z", "M13 26l3 14h16l3-14M20 26l1 14M28 26l-1 14", circle(24, 9, 2)] },
  cookie: { hue: 58, shapes: [`*${circle(24, 24, 15)}`, `${dot(18, 19)}${dot(27, 17)}${dot(31, 25)}${dot(23, 26)}${dot(17, 29)}${dot(27, 33)}`] },
  donut: { hue: 355, shapes: [`*${circle(24, 24, 15)}`, circle(24, 24, 5), "M14 19l2 2M22 12l2 2M33 18l-2 2M34 28l-3-1M15 31l2-2M25 34l1 2"] },
  pie: { hue: 50, shapes: ["*M8 26c2-8 9-13 16-13s14 5 16 13z", "M6 26h36M8 26l4 12h24l4-12M19 19l2 3M29 19l-2 3M24 17v4"] },
  steak: { hue: 12, shapes: ["*M11 19c4-11 24-12 28 1 3 10-4 19-14 18-4-.5-5-4-8-6-4-3-8-6-6-13z", circle(29, 21, 4), "M17 22c0 4 4 5 6 8"] },
  drumstick: { hue: 45, shapes: ["*M29 8c8 0 12 6 10 13-2 7-8 9-14 8l-5 5c1 3-1 6-4 5-1 2-5 1-5-2-3 0-4-4-1-5 0-3 2-4 4-3l6-6c-1-7 2-15 9-15z", "M32 14c2 1 3 3 3 5"] },
  sausage: { hue: 22, shapes: ["*M8 16c1-5 7-5 8-1 2 9 8 14 17 15 5 1 5 8 0 8C19 39 8 30 8 16z", "M15 24l4-3M19 31l3-4M27 35l2-4"] },
  fish: { hue: 215, shapes: ["*M6 24c6-9 17-11 25-4l10-6c-3 7-3 13 0 20l-10-6c-8 7-19 5-25-4z", "M21 18c3 4 3 8 0 12", dot(14, 22)] },
  shrimp: { hue: 30, shapes: ["*M36 14c-13-6-26 2-25 14 1 9 10 12 15 10 4-2 3-8-1-8-4 0-6-3-4-7 2-3 8-4 15-2z", "M19 14l3 7M13 20l7 5M12 30l9-2M19 37l4-7M36 14l5-4M36 17l6 1"] },
  can: { hue: 18, shapes: ["*M12 12v24c0 5 24 5 24 0V12", "M12 12c0-5 24-5 24 0s-24 5-24 0M12 19c0 5 24 5 24 0M12 30c0 5 24 5 24 0"] },
  jar: { hue: 340, shapes: ["*M14 15h20c3 3 3 5 3 8v12c0 3-2 5-5 5H16c-3 0-5-2-5-5V23c0-3 0-5 3-8z", "M14 9h20v6H14zM11 24h26M11 33h26"] },
  bottle: { hue: 190, shapes: ["*M20 14h8c0 3 5 5 5 11v12c0 2-1 3-3 3H18c-2 0-3-1-3-3V25c0-6 5-8 5-11z", "M20 7h8v7h-8zM15 26h18M15 34h18"] },
  soda: { hue: 25, shapes: ["*M15 13l3-5h12l3 5v22l-3 5H18l-3-5z", "M15 13h18M15 35h18M19 27c3-6 7 2 10-5"] },
  glass: { hue: 335, shapes: ["*M15 8h18c2 11-2 18-9 18s-11-7-9-18z", "M24 26v13M16 40h16M15 15h18"] },
  mug: { hue: 78, shapes: ["*M11 17h21v22H11z", "M32 21c9 0 9 13 0 13M11 17c-2-6 4-9 7-6 2-5 9-3 9 1 5-1 7 2 5 5M18 23v10M25 23v10"] },
  coffee: { hue: 48, shapes: ["*M9 19h25v11c0 6-4 9-9 9h-7c-5 0-9-3-9-9z", "M34 22c8-1 8 11 0 10M17 14c-2-3 2-4 0-7M26 14c-2-3 2-4 0-7"] },
  juice: { hue: 60, shapes: ["*M13 17h20v23H13z", "M13 17l3-5h14l3 5M26 12l2-7h6", circle(23, 28, 5), "M23 23v10M18 28h10"] },
  bowl: { hue: 72, shapes: ["*M7 23h34c0 9-6 16-13 16h-8c-7 0-13-7-13-16z", circle(17, 17, 2.5), circle(25, 15, 2.5), circle(32, 18, 2), "M4 23h40"] },
  pasta: { hue: 82, shapes: ["*M7 25h34c0 8-6 14-13 14h-8c-7 0-13-6-13-14z", "M12 25c0-9 9-9 9 0M18 18c1-8 10-6 10 1M26 25c0-9 10-9 10 0M34 21l6-13"] },
  sack: { hue: 76, shapes: ["*M16 17c-7 7-8 23 0 23h16c8 0 7-16 0-23z", "M14 9h20l-3 8H17zM24 23v11M24 27c-4 0-5-2-5-4 4 0 5 2 5 4zM24 32c4 0 5-2 5-4-4 0-5 2-5 4z"] },
  chips: { hue: 48, shapes: ["*M12 9l3 2 3-2 3 2 3-2 3 2 3-2 3 2 3-2v30l-3-2-3 2-3-2-3 2-3-2-3 2-3-2-3 2z", "M12 15h24M17 27c3-7 11-7 14 0-3 4-11 4-14 0zM21 27h.01M26 25h.01"] },
  candy: { hue: 345, shapes: [`*${circle(24, 24, 9)}`, "M16 20L8 14l-1 9-1 8 11-3M32 28l8 6 1-9 1-8-11 3M20 17c4 4 6 9 5 15"] },
  chocolate: { hue: 42, shapes: ["*M13 8h22v32H13z", "M13 19h22M13 29h22M24 8v32"] },
  icecream: { hue: 10, shapes: ["*M14 22c-4-7 2-14 10-14s14 7 10 14c-2 3-5 0-6 2s-3 1-4-1-3 3-5 0-4 1-5-1z", "M16 25l8 16 8-16M19 31l7-7"] },
  pizza: { hue: 38, shapes: ["*M24 42L8 15c9-7 23-7 32 0z", "M11 20c8-5 18-5 26 0", circle(20, 24, 2), circle(28, 26, 2), circle(24, 33, 1.5)] },
  snow: { hue: 225, shapes: ["M24 7v34M9.300 15.500l29.400 17M38.700 15.500l-29.400 17", "M20 10l4 4 4-4M20 38l4-4 4 4M9 21l5-2-1-6M39 27l-5 2 1 6M39 21l-5-2 1-6M9 27l5 2-1 6", `*${circle(24, 24, 5)}`] },
  shaker: { hue: 52, shapes: ["*M17 17h14l3 19c0 3-1 4-3 4H17c-2 0-3-1-3-4z", "M17 17c-1-11 15-11 14 0", `${dot(21, 12)}${dot(27, 12)}${dot(24, 10)}`, "M17 26h14"] },
  nut: { hue: 60, shapes: ["*M24 8c6 0 9 5 7 10-1 3 0 4 1 7 3 8-2 15-8 15s-11-7-8-15c1-3 2-4 1-7-2-5 1-10 7-10z", `${dot(22, 15)}${dot(27, 17)}${dot(21, 27)}${dot(27, 29)}${dot(23, 34)}`] },
  popcorn: { hue: 20, shapes: ["M12 21c-4-4 1-9 5-8 1-6 9-6 10-2 4-3 10 0 8 4 4 1 4 5 1 6", "*M13 21h22l-3 19H16z", "M21 21l1 19M28 21l-1 19"] },
  spray: { hue: 205, shapes: ["*M17 21h10c3 2 4 5 4 9v7c0 2-1 3-3 3H16c-2 0-3-1-3-3v-7c0-4 1-7 4-9z", "M18 21v-6h8v6M15 15V8h13l4 5h-6M37 8l3-1M37 12h3M37 16l3 1"] },
  laundry: { hue: 250, shapes: ["*M14 15h10l9 8v14c0 2-1 3-3 3H14c-2 0-3-1-3-3V18c0-2 1-3 3-3z", "M15 15V8h9v7M23 24h4c3 0 3 9 0 9h-4z"] },
  roll: { hue: 260, shapes: ["*M8 14v19c0 4 5 6 11 6s11-2 11-6V14", "M8 14c0-8 22-8 22 0s-22 8-22 0M16 14c0-3 6-3 6 0s-6 3-6 0M30 34h9V18c0-3-3-4-9-4"] },
  pump: { hue: 290, shapes: ["*M14 20h20v17c0 2-1 3-3 3H17c-2 0-3-1-3-3z", "M20 20v-5h8v5M24 15V9M29 9H17c-2 0-3 1-3 3M19 27h10M19 32h6"] },
  brush: { hue: 195, shapes: ["M7 41l20-20", "*M25 17l6 6 10-10-6-6z", "M29 13l6 6M32 10l6 6M27 21l4 4"] },
  razor: { hue: 230, shapes: ["*M11 9h26v9H11z", "M11 13.500h26M24 18v22M21 24h6M21 29h6"] },
  pill: { hue: 5, shapes: ["*M12 27l15-15c9-8 17 1 9 9L21 36c-9 8-17-1-9-9z", "M20 20l8 8M29 15c2-1 4 0 4 2"] },
  lipstick: { hue: 350, shapes: ["M17 26h14v14H17zM19 26v-7h10v7", "*M19 19v-6l10-5v11z"] },
  baby: { hue: 210, shapes: ["*M16 21h16v15c0 3-2 4-4 4h-8c-2 0-4-1-4-4z", "M15 16h18v5H15zM19 16c0-5 3-4 3-9h4c0 5 3 4 3 9M16 27h5M16 33h5"] },
  paw: { hue: 55, shapes: ["*M24 24c5 0 11 7 10 12-1 4-6 2-10 2s-9 2-10-2c-1-5 5-12 10-12z", "*M9 24c0-5 6-5 6 0s-6 5-6 0M17 15c0-6 6-6 6 0s-6 6-6 0M25 15c0-6 6-6 6 0s-6 6-6 0M33 24c0-5 6-5 6 0s-6 5-6 0"] },
  candle: { hue: 300, shapes: ["*M16 22h16v18H16z", "M24 22v-4M24 18c-5-3-1-7 0-11 1 4 5 8 0 11zM16 27c4 3 6-2 9 1s5 0 7-1"] },
  bulb: { hue: 88, shapes: ["*M19 31c-10-7-7-23 5-23s15 16 5 23v4H19z", "M20 40h8M24 35v-9M20 23l4 3 4-3"] },
  battery: { hue: 120, shapes: ["*M14 13h20v27H14z", "M20 13V8h8v5M25 19l-4 8h6l-4 8"] },
  book: { hue: 240, shapes: ["*M9 12c6-2 11-1 15 2 4-3 9-4 15-2v25c-6-2-11-1-15 2-4-3-9-4-15-2z", "M24 14v25M14 19c2-.5 4 0 6 1M14 25c2-.5 4 0 6 1M28 20c2-1 4-1.500 6-1"] },
  pencil: { hue: 70, shapes: ["*M9 39l3-10L31 10l7 7-19 19z", "M27 14l7 7M12 29l7 7"] },
  gift: { hue: 355, shapes: ["*M12 25h24v15H12z", "M9 18h30v7H9zM24 18v22M24 18c-10 0-11-10-5-10 3 0 5 6 5 10zM24 18c10 0 11-10 5-10-3 0-5 6-5 10z"] },
  flower: { hue: 330, shapes: [`*${circle(24, 10, 4)}`, `*${circle(31, 15, 4)}`, `*${circle(28, 23, 4)}`, `*${circle(20, 23, 4)}`, `*${circle(17, 15, 4)}`, circle(24, 17, 3), "M24 27v14M24 37c-6 1-9-2-10-6 5-1 9 1 10 6zM24 40c4 1 8-1 9-5-4-1-8 1-9 5z"] },
  plant: { hue: 155, shapes: ["*M13 27h22l-3 13H16z", "M24 27V15M24 18C15 18 13 12 14 8c7 0 10 4 10 10zM24 23c0-7 5-9 10-9 0 6-3 9-10 9z"] },
  fuel: { hue: 265, shapes: ["*M12 40V12c0-2 1-3 3-3h12c2 0 3 1 3 3v28z", "M8 40h26M16 14h10v8H16zM30 21h3c2 0 3 1 3 3v8c0 4 5 4 5 0V18l-6-6"] },
  ticket: { hue: 285, shapes: ["*M6 14h36v7c-5 0-5 6 0 6v7H6v-7c5 0 5-6 0-6z", "M29 14v3M29 21v3M29 28v3M14 21h9M14 27h6"] },
  plate: { hue: 165, shapes: [`*${circle(24, 25, 10)}`, circle(24, 25, 5), "M6 10v8c0 4 5 4 5 0v-8M8.500 21v19M42 10c-5 2-5 11 0 14v16"] },
  broom: { hue: 100, shapes: ["M38 8L26 21", "*M16 20l14 10c0 4-2 8-4 10-6 1-14-1-19-4 4-4 8-9 9-16z", "M17 30l-4 6M23 34l-3 5"] },
  ham: { hue: 8, shapes: ["*M11 27c-2-10 8-19 18-17 9 2 13 12 7 19-4 6-12 9-18 7-4-1-6-4-7-9z", "M17 27c-1-6 5-11 11-10 5 1 7 7 3 11-3 4-12 5-14-1z", "M13 35l-4 4"] },
  basket: { hue: 270, shapes: ["*M7 20h34l-5 20H12z", "M5 20h38M16 20l5-11M32 20l-5-11M18 26v8M24 26v8M30 26v8"] },
} as const satisfies Record<string, Glyph>;

export type GlyphName = keyof typeof GLYPHS;

/** The drawing as an SVG element that takes its colour from the text around it. */
export function glyph(name: GlyphName): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 48 48");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  for (const shape of GLYPHS[name].shapes) {
    const tinted = shape.startsWith("*");
    const path = document.createElementNS(namespace, "path");
    path.setAttribute("d", tinted ? shape.slice(1) : shape);
    if (tinted) path.setAttribute("class", "tint");
    svg.append(path);
  }
  return svg;
}
