// The page that benchmarks fill.

const SLOT = '<div data-selvedge-slot="home" data-n="8"><template><a href="/item/{{id}}">{{title}}</a></template><p>Popular now</p></div>';

/** A typical page of 64 kB with a slot in its middle. */
export function page() {
  const rows = Array.from({ length: 400 }, (_, row) => `<tr class="row" data-row="${row}"><td><a href="/p/${row}">Product ${row}</a></td><td>It is &lt;new&gt; &amp; of some use, row ${row}.</td><td class="price">${row},99</td></tr>`);
  rows.splice(200, 0, `</table>${SLOT}<table>`);
  return `<!doctype html><html lang="en"><head><title>Shop</title><script>if (1 < 2) document.title += "</" + "b>";</script></head><body><h1>Shop</h1><table>${rows.join("\n")}</table></body></html>`;
}
