import { appendEntry } from "../../audit/append-entry.ts";
import { erasePersonalFields } from "../../audit/personal-fields.ts";
import type { Client } from "../../db/pool.ts";
import { destroyWithin, withinKeystore } from "../../keys/at-rest/destroy.ts";
import { livingScopes } from "../../keys/at-rest/list-scopes.ts";
import type { Step } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";
import { deferErasure } from "../holds/defer-erasure.ts";
import { heldAmong } from "../holds/held-among.ts";
import type { ErasureRecord } from "../ledger/entry.ts";
import { advancePosition } from "../ledger/position.ts";
import { destructionOf } from "../ledger/replay.ts";
import { countAccount } from "./count-account.ts";
import { entryBy, ERASURES } from "./entry-by.ts";
import { eraseAccount } from "./erase-account.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import { readErasure, recordItems } from "./erasure-rows.ts";
import { judgeScopes, keepingOf } from "./held-scopes.ts";

/**
 * Forgets who the account belongs to, unless a hold keeps the account itself. The key of the person goes too, if nothing
 * that it protects is kept.
 */
export const forgetAccount =
  ({ ledger, keystore, isApart }: ErasureDeps): Step =>
  async ({ client, tenant, found, key, nowMs }) => {
    const end = await ledger.lockEnd(client);
    const { subject, law } = await readErasure(client, found.id);
    const [holdings = []] = await heldAmong(client, tenant, [{ subject }]);
    // Locks are about records of conversations.
    const { holding } = keepingOf({ holdings, lockings: [] }, law, nowMs) ?? {};
    if (holding !== undefined) {
      const { citation, reviewAtMs, commitment, hold } = holding;
      await recordItems(client, tenant, found.id, [
        {
          kind: "profile",
          item: subject,
          period: -1,
          outcome: "restricted",
          records: 1,
          keys: 0,
          atMs: nowMs,
          citation,
          reviewAtMs,
          commitment,
        },
      ]);
      const items = [{ item: { subject }, hold }];
      await deferErasure(client, tenant, { erasure: found.id, subject, items }, nowMs);
      await appendEntry(client, {
        ...entryBy(tenant, subject, nowMs),
        action: "erasure.restrict",
        resource: ofCase(found.id),
        details: { items: items.length },
      });
      return { to: "purging" };
    }
    const where = { tenant, keystore: isApart ? keystore : undefined };
    const living = await withinKeystore(client, where, (inKeystore) =>
      livingScopes(inKeystore, subject),
    );
    // An upload that was under way when the account was fenced may have made a key since.
    const judged = await judgeScopes(client, tenant, { subject, law }, living, nowMs);
    if (judged.some(({ keeping }) => keeping === undefined)) return { to: "shredding" };
    const kind = living.length === 0 ? "subject" : "account";
    const asked: ErasureRecord = { kind, tenant, subject, act: key, atMs: nowMs };
    const written = await ledger.append(end, asked);
    const what = destructionOf(asked);
    const advance = (inKeystore: Client) => advancePosition(inKeystore, "keystore", written);
    const by = { actor: ERASURES };
    const destroyed =
      what === undefined
        ? await withinKeystore(client, where, advance)
        : await destroyWithin(client, where, what, by, nowMs, advance);
    const { sessions, devices } = await countAccount(client, subject);
    await eraseAccount(client, tenant, subject, nowMs);
    const fields = await erasePersonalFields(client, tenant, subject);
    const entry = await appendEntry(client, {
      ...entryBy(tenant, subject, nowMs),
      action: "erasure.account",
      resource: ofCase(found.id),
      details: { sessions, devices, fields },
    });
    await advancePosition(client, "sealdesk", written);
    const erased = {
      item: subject,
      period: -1,
      outcome: "erased",
      keys: 0,
      atMs: nowMs,
      entry,
    } as const;
    await recordItems(client, tenant, found.id, [
      { ...erased, kind: "profile", records: 1 },
      { ...erased, kind: "devices", records: devices },
      { ...erased, kind: "sessions", records: sessions },
      ...(fields > 0 ? [{ ...erased, kind: "audit_fields" as const, records: fields }] : []),
      ...(destroyed === undefined
        ? []
        : [
            {
              ...erased,
              kind: "subject_key" as const,
              records: 0,
              keys: destroyed.subjectKeys,
              entry: destroyed.entry,
            },
          ]),
    ]);
    return { to: "purging" };
  };
