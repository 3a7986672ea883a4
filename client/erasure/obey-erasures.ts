import { openErasureNotice, type ErasedPeriod } from "../../audit/verify/erasure-notice.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import type { NoteKey } from "../../audit/verify/note.ts";
import type { ConversationId, TenantId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Request } from "../http/transport.ts";
import { deviceChecks } from "../key-log/checks.ts";
import { loadKeptHead, logKeyOf, openHead } from "../key-log/kept-head.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import { eraseCopies } from "./erase-copies.ts";
import { acknowledge, readNotices } from "./notices-api.ts";

interface ObeyDeps {
  readonly store: DeviceStore;
  readonly request: Request;
  readonly keyLog: Pick<KeyLog, "refresh">;
  readonly account: { readonly tenant: TenantId };
  readonly onErased: (conversation: ConversationId, messages: number) => void;
  /** Is told why a notice removed nothing. */
  readonly onUnproven: (problem: string) => void;
}

/**
 * Removes this device's copies of what was erased on the server, and acknowledges it (R37). It believes the tenant's audit
 * log only, whose key is that of the key log: the log must record that an erasure destroyed the keys. A notice without
 * that proof removes nothing and is reported, and the others of the same page are obeyed. The server names at most 20 at once,
 * so 20 notices without a proof hold up those behind them.
 * @throws SealdeskError key_log_inconsistent; transient ones; what the server answers
 */
export async function obeyErasures(deps: ObeyDeps): Promise<void> {
  const { store, request, keyLog, onErased, onUnproven } = deps;
  const { checkpoint, notices } = await readNotices(request);
  if (notices.length === 0) return;
  await keyLog.refresh();
  const kept = await store.read(loadKeptHead);
  if (kept === undefined) return;
  const where = proven(onUnproven, () => ({
    head: openHead(checkpoint, auditKeyOf(logKeyOf(kept.vkey))),
    tenant: deps.account.tenant,
  }));
  if (where === undefined) return;
  for (const notice of notices) {
    const periods = proven(onUnproven, () => openErasureNotice(deviceChecks, notice, where));
    if (periods === undefined) continue;
    for (const [conversation, erased] of byConversation(periods)) {
      const messages = await eraseCopies(store, conversation, erased);
      if (messages > 0) onErased(conversation, messages);
    }
    await acknowledge(request, notice.id);
  }
}

/** Returns what was opened; undefined if it lacks its proof, which is reported. */
function proven<T>(onUnproven: ObeyDeps["onUnproven"], open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    onUnproven(error.code);
    return undefined;
  }
}

/** The key of the tenant's audit log: one key signs both logs, under the name of each. */
const auditKeyOf = (key: NoteKey): NoteKey => ({
  ...key,
  name: key.name.replace(/\/keys\/t\/([^/]+)$/, "/audit/t/$1"),
});

function byConversation(
  erased: readonly ErasedPeriod[],
): ReadonlyMap<ConversationId, ReadonlySet<number>> {
  const found = new Map<ConversationId, Set<number>>();
  for (const { conversation, period } of erased)
    found.set(conversation, (found.get(conversation) ?? new Set()).add(period));
  return found;
}
