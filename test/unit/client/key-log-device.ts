import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { nodeChecks } from "../../../audit/node-checks.ts";
import type { Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { formatVkey, type NoteKey } from "../../../audit/verify/note.ts";
import { consistencyProof } from "../../../audit/verify/proofs.ts";
import type { KeyLogDeps } from "../../../client/key-log/key-log-deps.ts";
import { KeyLog } from "../../../client/key-log/key-log.ts";
import { WitnessQuorum, type UnwitnessedLog } from "../../../client/key-log/witness-quorum.ts";
import type { KeyLogWitnesses } from "../../../client/options.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { LogRestored } from "../../../client/index.ts";
import { approvers } from "../../support/approvers.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { newId } from "../../../tools/testkit/ids.ts";

export const user = newId<UserId>();
export const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`entry ${from + at}`));

/** A device, and a server that shows it any head that the log's key signed. */
export async function setUp(
  trusted: readonly NoteKey[] = approvers,
  keyLogWitnesses?: KeyLogWitnesses,
) {
  const log = new MemoryLog("desk.example/keys/t/demo");
  log.append(entries(0, 60));
  const vkey = formatVkey(nodeChecks.sha256, log.key);
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const shown = { checkpoint: log.signed(log.head), from: log, restores: [] as string[] };
  const alarms: string[] = [];
  const events: LogRestored[] = [];
  const time = { nowMs: 0 };
  let isHeard = true;
  const unwitnessed: UnwitnessedLog[] = [];
  const localClock = { now: () => time.nowMs };
  const newQuorum = () =>
    keyLogWitnesses &&
    new WitnessQuorum(keyLogWitnesses, {
      localClock,
      onNotWitnessed: (event) => unwitnessed.push(event),
    });
  const deps: KeyLogDeps = {
    store,
    tenant: newId<TenantId>(),
    approvers: trusted,
    clock: { now: () => time.nowMs },
    localClock,
    witnesses: newQuorum(),
    onUnconfirmed: () => true,
    api: {
      keyHistory: (of) =>
        Promise.resolve({
          vkey,
          checkpoint: shown.checkpoint,
          user: of,
          entries: [],
          list: null,
          more: false,
        }),
      authorityKeys: () => Promise.resolve({ vkey, checkpoint: shown.checkpoint, entries: [] }),
      keyLogCheckpoint: () => Promise.resolve({ vkey, checkpoint: shown.checkpoint }),
      keyLogRestores: () => Promise.resolve(shown.restores),
      async keyLogConsistency(old, size) {
        return consistencyProof(rangeRoots(nodeChecks.sha256, shown.from, size), old, size);
      },
    },
    onInconsistent: ({ reason }) => alarms.push(reason),
    onRestored: (event) => {
      if (isHeard) events.push(event);
      return isHeard;
    },
    onLost: () => undefined,
  };
  const keyLog = await KeyLog.load(deps, vkey);
  return {
    log,
    store,
    alarms,
    events,
    shown,
    keyLog,
    time,
    /** The device as it is after a restart. */
    restarted: () => KeyLog.load({ ...deps, witnesses: newQuorum() }, vkey),
    unwitnessed,
    deps,
    vkey,
    hear: (heard: boolean) => (isHeard = heard),
    /** Shows the device a head. @returns the code with which it is refused */
    show: async (head: Omit<Checkpoint, "origin">, from = log) => {
      Object.assign(shown, { checkpoint: log.signed(head), from });
      return keyLog.historyOf(user).then(
        () => "accepted",
        (error: { readonly problem?: string }) => error.problem,
      );
    },
  };
}
