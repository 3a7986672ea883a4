import type { Control, Deliver, Member } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { receiptFor } from "../../crypto/wire/receipt-checks.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { TenantAuthority } from "../device/authority.ts";
import { ownersToLookUp } from "../device/owner.ts";
import type { FoundStaff } from "../device/staff.ts";
import type { Api } from "../http/api.ts";
import { shownAccounts } from "../http/shown-accounts.ts";
import type { KeyHistory } from "../key-log/key-history.ts";
import { certifiedActor } from "../receipts/certified-actor.ts";
import { claimOfReceipt } from "../receipts/signer.ts";
import type { Clock } from "../runtime.ts";
import { untilAnswered } from "../until-answered.ts";
import { needsCertificate, toCertify } from "./certified-staff.ts";
import { claimOfCreation } from "./creation.ts";
import { hashAt, timeBefore } from "./history.ts";
import type { FoundReceipt } from "./judge-control.ts";
import type { ConversationLog } from "./log.ts";
import type { CheckedEvent, RecordingDeps } from "./record-event.ts";

export interface LookUpDeps extends RecordingDeps {
  readonly api: Pick<Api, "accountOf">;
  readonly authority: Pick<TenantAuthority, "openAt">;
  readonly clock: Clock;
  readonly log: ConversationLog;
}

/** The receipt of an event. */
interface SoughtReceipt {
  /** Undefined if the event has none that is about exactly this event. */
  readonly found: (FoundReceipt & { readonly certified: FoundStaff | undefined }) | undefined;
}

/**
 * Finds the event's receipt, the hash that it follows, and the certificate of its author if the act counts only with
 * one. It waits until the keys of the authority can be read, because a refusal would be final.
 * @returns undefined if the connection is gone
 */
export async function seekReceipt(
  deps: LookUpDeps,
  event: Deliver,
  control: Control | undefined,
  signal: AbortSignal,
): Promise<SoughtReceipt | undefined> {
  const { store, log, account, clock } = deps;
  const receipt = control && receiptFor(sha256, account.tenant, event, control);
  if (control === undefined || receipt === undefined) return { found: undefined };
  const { seq } = receipt.after;
  const followed =
    seq === event.seq - 1
      ? event.previousHash
      : await store.read((transaction) => hashAt(transaction, log.id, seq));
  if (!needsCertificate(log.state, event.kind, control))
    return { found: { receipt, followed, certified: undefined } };
  const previousMs = await store.read((transaction) => timeBefore(transaction, log.id, event.seq));
  const signed = { event, control, receipt, previousMs };
  return untilAnswered(
    clock,
    async () => ({ found: { receipt, followed, certified: await certifiedActor(deps, signed) } }),
    signal,
  );
}

/**
 * Fetches what the event's transaction needs from the server.
 * @param brought what the event's own certificate says
 * @returns undefined if the connection is gone
 */
export async function lookUp(
  deps: LookUpDeps,
  { event, verdict }: Pick<CheckedEvent, "event" | "verdict">,
  brought: FoundStaff | undefined,
  signal: AbortSignal,
): Promise<Pick<CheckedEvent, "devices" | "staff" | "histories"> | undefined> {
  if (verdict?.kind !== "accepted") return { devices: [], staff: [], histories: new Map() };
  const { control, enters, receipt } = verdict;
  const { trust, staff, account, api, log, clock } = deps;
  const { creation, members } = control;
  const toFind = toCertify(log.state, members, account);
  const claims = [
    ...(enters && creation !== undefined ? [claimOfCreation(creation)] : []),
    ...(receipt === undefined ? [] : [claimOfReceipt(event, control)]),
  ];
  const ask = async () => {
    const accounts = shownAccounts(api);
    const devices = await trust.lookUp(members, account.device, accounts);
    const found = await certifiedNow(staff, toFind, brought, accounts);
    const histories = new Map<UserId, KeyHistory | undefined>();
    for (const owner of ownersToLookUp(deps, claims, devices))
      histories.set(owner, await trust.historyOf(owner));
    return { devices, staff: found, histories };
  };
  return untilAnswered(clock, ask, signal);
}

/**
 * Returns the members who are certified now. What the event brings was valid when its author signed. It counts
 * only if it still is, and otherwise the server is asked.
 */
async function certifiedNow(
  staff: LookUpDeps["staff"],
  members: readonly Member[],
  brought: FoundStaff | undefined,
  accounts: Pick<Api, "accountOf">,
): Promise<readonly FoundStaff[]> {
  const author = members.find(({ user }) => user === brought?.user);
  if (brought === undefined || author === undefined) return staff.lookUp(members, accounts);
  if (!(await staff.isCurrent(brought, author.role))) return staff.lookUp(members, accounts);
  const others = members.filter((member) => member !== author);
  return [brought, ...(await staff.lookUp(others, accounts))];
}
