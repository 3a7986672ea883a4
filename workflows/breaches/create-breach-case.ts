import type { CaseKind } from "../cases/case-kind.ts";
import { assess } from "./assess.ts";
import type { BreachDeps } from "./breach-deps.ts";
import { breachMachine } from "./machine.ts";
import { remind } from "./remind.ts";
import { closeSockets, revokeSessions } from "./revoke-sessions.ts";
import { prepareRotation, rewrap, rotateKey } from "./rotate-keys.ts";

/** A breach of the security of data: docs/breach.md describes it. */
export const createBreachCase = (deps: BreachDeps): CaseKind => ({
  machine: breachMachine,
  steps: {
    assessing: assess(deps),
    open: remind,
    revoking_sessions: revokeSessions,
    closing_sockets: closeSockets(deps),
    preparing_rotation: prepareRotation(deps),
    rotating_key: rotateKey(deps),
    rewrapping: rewrap(deps),
  },
});
