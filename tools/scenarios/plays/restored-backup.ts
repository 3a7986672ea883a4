import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Scenario } from "../scenario.ts";
import { countKeys, openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { refusalOf } from "../stage/device.ts";
import type { Stage } from "../stage/stage.ts";
import { arrangeHeldConversation, eraseAndLook } from "./hold.ts";

const approvers = ["alice.example", "bob.example", "carol.example"];

/** After an erasure, the database and the keystore of the day before are put back. */
export const restoredBackup: Scenario = {
  id: "S10",
  title: "After an erasure, an older database and keystore are put back.",
  demands: {
    openedFromBackup: { atLeast: 1 },
    ledgerBehind: true,
    startsWithoutLedger: false,
    saysLedgerMissing: true,
    readyUndeclared: false,
    saysRestoreUndeclared: true,
    ledgerCarriedOut: true,
    opened: 0,
    keysLeft: 0,
    heldOpened: { sameAs: "heldBefore" },
    oldDeviceRefused: true,
    replaysRecorded: true,
    auditShowsRestore: true,
    startsWithShortLedger: false,
    saysLedgerShortened: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    stage.variables = { AUDIT_RESTORE_APPROVERS: await makeApprovers(stage) };
    const scene = await arrangeHeldConversation(stage);
    const open = scene.open.map(({ id }) => id);
    await switchOff(scene);
    await system.stop();
    const backupOf = new Date().toISOString();
    await system.backUp();
    stage.tell("The data folder of database and keystore is copied.");
    await system.start(stage.variables);
    for (const device of [scene.customer, scene.agent]) await device.switchOn();
    const { heldBefore } = await eraseAndLook(stage, scene);
    const head = await keepHead(stage);
    await switchOff(scene);
    await system.stop();
    await system.putBack();
    stage.tell("The copy is put back. The erasure is not in it.");
    await system.startDatabase();
    const openedFromBackup = await openStored(system, open);
    const ledgerBehind = (await stage.sealdesk("ledger", "status")).includes("Database: lacks");
    await system.stop();
    const withoutLedger = await startWithout(stage, "erasure-ledger");
    // Before its first check of the logs, a node is not ready for another reason.
    const undeclared = await system.tryToStart(
      stage.variables,
      (answer) => isReady(answer) || answer.includes("audit_log_behind"),
    );
    stage.tell(`Nobody has declared the restore. The server says: ${lastLineOf(undeclared)}`);
    await declare(stage, backupOf);
    await system.start(stage.variables);
    const status = await stage.sealdesk("ledger", "status");
    const tail = await stage.sealdesk("audit", "tail", "--tenant", "demo", "--lines", "200");
    const [opened, heldOpened] = [
      await openStored(system, open),
      await openStored(system, [scene.held.id]),
    ];
    stage.tell(`Of ${openedFromBackup} records of the copy, ${opened} open now.`);
    const refusal = await refusalOf(scene.customer.switchOn());
    const verified = await verifyLog(stage, head, await vkeys(stage));
    const keysLeft = await countKeys(system, open);
    await system.stop();
    const shortened = await startWithout(stage, join("erasure-ledger", await lastEntry(stage)));
    await system.start(stage.variables);
    return {
      openedFromBackup,
      ledgerBehind,
      startsWithoutLedger: isReady(withoutLedger),
      saysLedgerMissing: withoutLedger.includes("There is no erasure ledger"),
      readyUndeclared: isReady(undeclared),
      saysRestoreUndeclared: undeclared.includes("audit_log_behind"),
      ledgerCarriedOut: !status.includes("lacks"),
      opened,
      keysLeft,
      heldBefore,
      heldOpened,
      oldDeviceRefused: refusal === "subject_erased",
      replaysRecorded: tail.includes("erasure.replay"),
      auditShowsRestore: verified.output.includes("was declared restored from a backup"),
      startsWithShortLedger: isReady(shortened),
      saysLedgerShortened: shortened.includes("lacks the entry"),
    };
  },
};

const lastLineOf = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";

const isReady = (answer: string): boolean => answer.includes('"ok"');

const switchOff = async ({ customer, agent, custodian, colleague }: Scene) => {
  for (const device of [customer, agent, custodian, colleague]) await device.switchOff();
};
type Scene = Awaited<ReturnType<typeof arrangeHeldConversation>>;

const keyFile = ({ system }: Stage, name: string) => system.outside(`${name}.key`);

/** Makes the keys of those who may approve a restore. @returns the variable that names them */
async function makeApprovers(stage: Stage): Promise<string> {
  const made: string[] = [];
  for (const name of approvers) {
    const out = ["--out", keyFile(stage, name)];
    made.push((await stage.sealdesk("audit", "restore", "key", "--name", name, ...out)).trim());
  }
  return made.join(",");
}

const vkeys = async (stage: Stage): Promise<readonly string[]> =>
  (stage.variables["AUDIT_RESTORE_APPROVERS"] ?? "").split(",");

/** Declares and applies the restore, as two people do. */
async function declare(stage: Stage, backupOf: string): Promise<void> {
  const file = stage.system.outside("restore.note");
  const cause = ["--backup-of", backupOf, "--reason", "The disk failed"];
  await stage.sealdesk("audit", "restore", "declare", ...cause, "--out", file);
  for (const name of approvers.slice(0, 2))
    await stage.sealdesk("audit", "restore", "sign", file, "--key", keyFile(stage, name));
  await stage.sealdesk("audit", "restore", "apply", file);
  stage.tell("Two people declare the restore, and the operator applies it.");
}

/** Starts the server without a file of its home, which is put back. @returns what the server said */
async function startWithout({ system, tell, variables }: Stage, name: string): Promise<string> {
  const [from, away] = [join(system.home, name), system.outside("away")];
  await rename(from, away);
  const said = await system.tryToStart(variables);
  await rename(away, from);
  tell(`Without ${name} the server ${isReady(said) ? "starts" : "does not start"}.`);
  return said;
}

const lastEntry = async ({ system }: Stage): Promise<string> =>
  (await readdir(join(system.home, "erasure-ledger"))).toSorted().at(-1) ?? "";
