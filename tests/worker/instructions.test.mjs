// Checks the instructions of the scan's hot loop in the shipped modules. The compiler may use scalar loads without changing any
// result: a build that was optimised for size once did, and was twenty times slower.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { ROOT } from "./harness.mjs";

const MODULES = { Worker: "build/worker/index_bg.wasm", "browser package": "build/pkg/wasm/selvedge_bg.wasm" };
const MULTIPLY = "i32x4.dot_i16x8_s";
// Loads per row for the int8 strides with specialised code: 4 at 32, 8 at 64 (128 may stay a loop).
const LEAST_INT8_LOADS = 4 + 8;
// Shifts per row for those of int4: 3 at 32, 6 at 64.
const LEAST_INT4_SHIFTS = 3 + 6;

for (const [name, file] of Object.entries(MODULES)) {
  test(`${name}: the scan is made of vector instructions`, { skip: existsSync(ROOT + file) ? false : `${file} was not built` }, () => {
    const scans = functions(disassembled(ROOT + file)).filter((text) => count(text, MULTIPLY) > 0);
    assert.notEqual(scans.length, 0, `no function multiplies by ${MULTIPLY}`);
    const all = scans.join("\n");
    assert.ok(count(all, "v128.load8x8_s") >= LEAST_INT8_LOADS, `${count(all, "v128.load8x8_s")} loads of eight codes at once, at least ${LEAST_INT8_LOADS} expected`);
    assert.ok(count(all, "i16x8.shl") >= LEAST_INT4_SHIFTS, `${count(all, "i16x8.shl")} shifts of int4 codes, at least ${LEAST_INT4_SHIFTS} expected`);
    for (const scalar of ["i8x16.replace_lane", "i16x8.replace_lane"]) {
      assert.equal(count(all, scalar), 0, `${scalar} in a function that scans`);
    }
  });
}

function disassembled(file) {
  return execFileSync(process.execPath, [`${ROOT}node_modules/binaryen/bin/wasm-dis`, "--all-features", file], { encoding: "utf8", maxBuffer: 1 << 28 });
}

/** The text of each function of the module. */
function functions(text) {
  return text.split(/^ \(func /m).slice(1);
}

function count(text, word) {
  return text.split(word).length - 1;
}
