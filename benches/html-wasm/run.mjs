// Times filling a page's slot in Wasm with the core and with lol_html, in Node.js. Prints one line of JSON.
//
//   node benches/html-wasm/run.mjs BUILT     (BUILT/selvedge and BUILT/lol_html hold the modules)

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { page } from "../edge/page.mjs";

const [built] = process.argv.slice(2);
const html = Buffer.from(page());
const results = [];
for (const name of ["selvedge", "lol_html"]) {
  const module = await import(pathToFileURL(resolve(built, name, "html.js")));
  module.initSync({ module: readFileSync(resolve(built, name, "html_bg.wasm")) });
  results.push({ name, fill: module.fill, times: [] });
}
const slot = html.indexOf("<div data-selvedge-slot");
const behind = html.indexOf("</div>", slot);
for (const { name, fill } of results) {
  const filled = Buffer.from(fill(html));
  const untouched = filled.subarray(0, slot).equals(html.subarray(0, slot)) && filled.subarray(-(html.length - behind)).equals(html.subarray(behind));
  const links = filled.toString().match(/<a href="\/item\/Item%20number%20\d">Item number \d<\/a>/g)?.length;
  if (!untouched || links !== 8) throw new Error(`${name}: expected 8 items and everything else untouched, found ${links}, untouched: ${untouched}`);
}
// In turns, so that a busy moment of the machine affects both.
for (let turn = 0; turn < 60; turn += 1) {
  for (const { fill, times } of results) {
    const begin = performance.now();
    for (let times = 0; times < 20; times += 1) fill(html);
    times.push((performance.now() - begin) / 20);
  }
}
console.log(JSON.stringify({
  page_bytes: html.length,
  results: results.map(({ name, times }) => ({ name, us: Math.round(1000 * times.slice(20).sort((a, b) => a - b)[20]) })),
}));
