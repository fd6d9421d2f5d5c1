/** Reasons in a shopper's words. */

import type { Decision, EventKind, Item, Scope } from "../../package/src/types.ts";
import { displayName } from "./naming.ts";

/** "weekday-morning" as "weekday mornings". */
export function contextName(context: string | null): string {
  return context === null ? "this time of day" : `${context.replace(/[-_]/g, " ")}s`;
}

export function reasonText(item: Pick<Item, "id" | "reason">, decision: Decision): string {
  const { reason } = item;
  switch (reason.kind) {
    case "because":
      if (reason.item === item.id) return AGAIN[kindOf(decision, item.id)] ?? "You know it";
      return `Because of ${titleOf(reason)}`;
    case "similar":
      return `Close to ${titleOf(reason)}`;
    case "segment":
      return "Shoppers like you buy it";
    case "context":
      return `Usual on ${contextName(decision.context)}`;
    case "popular":
      return "Popular with everyone";
  }
}

export const SCOPES: Readonly<Record<Scope, { readonly label: string; readonly meaning: string }>> = {
  visitor: { label: "Personal", meaning: "ranked for this one visitor and stored nowhere" },
  segment: { label: "Segment", meaning: "one slate for everyone in this segment, kept in the shared cache" },
  context: { label: "Time of day", meaning: "what is usual at this time, shared by all visitors without a history" },
  everyone: { label: "Everyone", meaning: "the same for all visitors" },
};

/** The line above a shelf that says for whom the list was made. */
export function madeFor(decision: Decision): string {
  if (decision.slot === "similar") return "Bought by the same shoppers; the same for all visitors";
  const known = decision.explanation.history.length;
  switch (decision.scope) {
    case "visitor":
      return known === 1 ? "Ranked for you, from one thing you did" : `Ranked for you, from ${known} things you did`;
    case "segment":
      return `What segment ${decision.segment ?? "–"} buys: ${decision.explanation.segment_members ?? "its"} shoppers like you`;
    case "context":
      return `Nothing is known about you yet: what is usual on ${contextName(decision.context)}`;
    case "everyone":
      return "Popular with everyone";
  }
}

/** A reason names an item by id and title alone. */
function titleOf({ item, title }: { readonly item: string; readonly title: string }): string {
  return title === item ? "something you know" : displayName(title);
}

/** The reason of an item that is recommended because of itself. */
const AGAIN: Readonly<Record<string, string>> = {
  view: "You looked at it", click: "You opened it", add_to_cart: "You put it in the basket", conversion: "You bought it",
};

function kindOf({ explanation }: Decision, id: string): EventKind | "" {
  return explanation.history.find(({ item }) => item === id)?.kind ?? "";
}

export const KINDS: Readonly<Record<string, string>> = {
  impression: "saw", view: "viewed", click: "opened", add_to_cart: "put in the basket", conversion: "bought",
};
