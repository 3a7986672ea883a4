import type {
  NotifiedConsumer,
  NotifiedDevice,
} from "../../audit/verify/certificate/certificate.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideErasure } from "../../policies/erasures.ts";
import { ofCase, readCase, type Case } from "../cases/stored-case.ts";
import {
  readErasure,
  readItems,
  readNotified,
  readToldConsumers,
  type Erasure,
  type ItemRow,
} from "./erasure-rows.ts";

/** An erasure, how far it is, what became of each item by now, and which devices and systems have confirmed it. */
export interface ShownErasure
  extends
    Pick<Case, "id" | "state" | "pending" | "endedAtMs">,
    Pick<Erasure, "subject" | "law" | "receivedAtMs" | "request"> {
  /** Until when nothing is destroyed, in milliseconds since the Unix epoch; null before the account is fenced. */
  readonly contestableUntilMs: number | null;
  readonly items: readonly ItemRow[];
  readonly devices: readonly NotifiedDevice[];
  readonly consumers: readonly NotifiedConsumer[];
}

/** Returns an erasure. @throws WorkflowError case_not_found; IdentityError forbidden */
export function showErasure(deps: UseCase, party: Party, id: CaseId): Promise<ShownErasure> {
  const act = { action: "erasure.show", resource: ofCase(id) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant: tenantOf(party), subject: null };
    const decided = assertParty(party, (actor) => decideErasure(actor, "read", facts));
    const erasure = await readErasure(client, id);
    const { subject, law, receivedAtMs, request, fencedAtMs, windowMs } = erasure;
    const { state, pending, endedAtMs } = await readCase(client, id);
    const contestableUntilMs = fencedAtMs === null ? null : fencedAtMs + windowMs;
    const items = await readItems(client, id);
    const devices = await readNotified(client, id);
    const consumers = await readToldConsumers(client, id);
    note({ ...decided, subject });
    const shown = { id, subject, law, receivedAtMs, request, state, pending, endedAtMs };
    return { ...shown, contestableUntilMs, items, devices, consumers };
  });
}
