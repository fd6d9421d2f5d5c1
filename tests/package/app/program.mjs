// For runtimes without a page: prints the decisions.

import { readFileSync } from "node:fs";
import { decide } from "./decide.js";

const [, , golden, snapshot] = process.argv;
console.log(JSON.stringify(await decide(JSON.parse(readFileSync(golden, "utf8")), new Uint8Array(readFileSync(snapshot)))));
