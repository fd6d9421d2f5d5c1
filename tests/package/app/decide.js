// The program that every bundler and runtime is given: it loads the Wasm by `init()` alone and makes the golden decisions.

import { Engine, Profile, SelvedgeError, init } from "@selvedge/edge";

export async function decide(golden, snapshot) {
  await init();
  const engine = await Engine.open(snapshot, [golden.public_key]);
  const nowMs = golden.now_ms;
  const lists = golden.cases.map(({ history, consent, ask: { recommend, similar, rank } }) => {
    const profile = new Profile(new Uint8Array(16));
    engine.record(profile, history.map(({ type, item, age_ms }) => ({ type, item, timestampMs: nowMs - age_ms })), nowMs);
    const when = { nowMs, localMs: nowMs, consent };
    const decision = recommend
      ? engine.recommend({ ...when, slot: recommend.slot, n: recommend.n, category: recommend.category ?? undefined, exclude: recommend.exclude }, profile)
      : similar
        ? engine.similar(similar.item, similar.n, nowMs)
        : engine.rank(rank.candidates, rank.n, profile, when);
    profile.free();
    return decision.items.map(({ id }) => id);
  });
  let code = null;
  try {
    engine.recommend({ slot: "no such slot" }, new Profile());
  } catch (error) {
    if (error instanceof SelvedgeError) code = error.code;
  }
  engine.free();
  return { lists, code };
}
