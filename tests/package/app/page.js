import { decide } from "./decide.js";

Promise.all([fetch("/golden.json").then((answer) => answer.json()), fetch("/golden.selvedge").then((answer) => answer.arrayBuffer())])
  .then(([golden, snapshot]) => decide(golden, snapshot))
  .then(
    (result) => (globalThis.result = result),
    (error) => (globalThis.result = { error: String(error), cause: String(error.cause) }),
  );
