import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { decideConversation, type ConversationFacts } from "../../../policies/abilities.ts";
import { defaultPolicy, type Policy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { newId } from "../../testkit/ids.ts";
import { round } from "../statistics.ts";
import { narrowedPolicy } from "./rules.ts";

export interface DecisionFigures {
  /** Microseconds of a decision by the default rules, by an actor who decided before. */
  readonly defaultMicros: number;
  /** The same with the conditions of a version besides. */
  readonly versionMicros: number;
  /** The first decision about an actor, whose rules are compiled for it. */
  readonly firstMicros: number;
}

/** Measures decisions about reading a conversation of four members. */
export function measureDecisions(seconds: number): DecisionFigures {
  const [tenant, user] = [newId<TenantId>(), newId<UserId>()];
  const facts: ConversationFacts = {
    tenant,
    createdBy: newId<UserId>(),
    members: [newId<UserId>(), newId<UserId>(), newId<UserId>(), user],
    state: "open",
  };
  const actorUnder = (policy: Policy) =>
    ({ tenant, user, role: "agent", policy, signIn: unknownSignIn }) as const;
  const version = narrowedPolicy();
  const [plain, narrowed] = [actorUnder(defaultPolicy), actorUnder(version)];
  const decide = (actor: typeof plain) => {
    if (!decideConversation(actor, "read", facts).allowed) throw new Error("It is not allowed.");
  };
  return {
    defaultMicros: microsOf(seconds, () => decide(plain)),
    versionMicros: microsOf(seconds, () => decide(narrowed)),
    firstMicros: microsOf(seconds, () => decide(actorUnder(version))),
  };
}

function microsOf(seconds: number, once: () => void): number {
  for (let n = 0; n < 1_000; n++) once();
  const begin = performance.now();
  let done = 0;
  do {
    for (let n = 0; n < 100; n++) once();
    done += 100;
  } while (performance.now() < begin + seconds * 1_000);
  return round(((performance.now() - begin) * 1_000) / done, 2);
}
