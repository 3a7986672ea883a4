import type { Scenario } from "../scenario.ts";
import { countEntries } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import type { Stage } from "../stage/stage.ts";

const because = ["--as", "alice", "--because", "fewer records"];
const later = ["The first record after the classification.", "The second record after it."];

/** A lock of six years stands against a schedule of 30 days. */
export const retentionLock: Scenario = {
  id: "S4",
  title:
    "Records are locked for 6 years. Somebody sets 30 days, and somebody alters the lock by SQL.",
  demands: {
    shorteningRefused: true,
    shorterLockRefused: true,
    unchanged: true,
    refusalsRecorded: 2,
    waitsForSecondPerson: true,
    lengthened: true,
    ofClass: { sameAs: "saidAfterClass" },
    withoutClass: { sameAs: "saidBeforeClass" },
    alteredRowNamed: true,
    namedBefore: false,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const { id, texts } = await stage.talk(customer, agent);
    const head = await keepHead(stage);
    await retention(stage, "classify", id, "--data-class", "broker");
    const conversation = await customer.joined(id);
    for (const text of later) await conversation.send(text);
    await agent.heard(id, texts.length + later.length);
    await lock(stage, "6y");
    stage.tell("Records of brokers are locked for 6 years.");
    const before = await retention(stage, "show", "--json");
    const shortened = await stage.attempt(...because, ...save("--keep", "30d"));
    const shorterLock = await lock(stage, "30d").catch(() => undefined);
    const unchanged = (await retention(stage, "show", "--json")) === before;
    stage.tell(`A schedule of 30 days is refused: ${shortened.errors.trim()}`);
    const withoutClass = await expiredInAYear(stage, "--keep", "30d", "--keep", "broker//=6y");
    const all = await expiredInAYear(stage, "--keep", "30d", "--keep", "broker//=7y");
    return {
      shorteningRefused: shortened.code !== 0 && shortened.errors.includes("2196 days"),
      shorterLockRefused: shorterLock === undefined,
      unchanged,
      refusalsRecorded: await countEntries(stage.system, refusal),
      ...(await lengthen(stage)),
      saidBeforeClass: texts.length,
      saidAfterClass: later.length,
      withoutClass,
      ofClass: texts.length + later.length - all,
      ...(await alterBySql(stage)),
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

const refusal = { action: "command.run", outcome: "refused", reason: "retention_locked" };

const retention = (stage: Stage, command: string, ...args: readonly string[]) =>
  stage.sealdesk("retention", command, ...args, "--tenant", "demo");

const save = (...rules: readonly string[]) => ["retention", "save", "--tenant", "demo", ...rules];

const lock = (stage: Stage, days: string) =>
  retention(
    stage,
    "lock",
    "--data-class",
    "broker",
    "--days",
    days,
    "--citation",
    "17 CFR 240.17a-4(b)(4)",
  );

/** Returns how many messages a schedule would have ended in a year. */
async function expiredInAYear(stage: Stage, ...rules: readonly string[]): Promise<number> {
  const printed = await retention(stage, "preview", ...rules);
  return Number([...printed.matchAll(/then +(\d+) messages/g)].at(-1)?.[1]);
}

/** A schedule that ends records earlier than never needs another person. A longer one does not. */
async function lengthen(stage: Stage) {
  const saved = await stage.sealdesk(...because, ...save("--keep", "7y"));
  const [, request = "", hash = ""] = /request (\S+)\nhash (\S+)/.exec(saved) ?? [];
  const approve = ["approval", "approve", request, "--tenant", "demo", "--hash", hash];
  const own = await stage.attempt("--as", "alice", ...approve);
  await stage.sealdesk("--as", "bob", ...approve);
  const longer = await stage.sealdesk(...because, ...save("--keep", "8y"));
  const lengthenedLock = await lock(stage, "7y");
  stage.tell("The schedule and the lock are lengthened.");
  return {
    waitsForSecondPerson: own.code !== 0,
    lengthened: longer.includes("takes effect") && lengthenedLock.includes("2562 days"),
  };
}

/** Alters the lock as a superuser who takes its guards away and puts them back. */
async function alterBySql(stage: Stage) {
  const differing = async () => {
    const { output, errors } = await stage.attempt("audit", "reconcile", "--tenant", "demo");
    return /retention_locks \S+ says 31 days/.test(output + errors);
  };
  const namedBefore = await differing();
  await stage.system.administrator.query(`
    begin; alter table sealdesk.retention_locks disable trigger all;
    update sealdesk.retention_locks set days = 31;
    alter table sealdesk.retention_locks enable always trigger locks_are_only_lengthened,
      enable always trigger locks_stay; commit`);
  const alteredRowNamed = await differing();
  stage.tell(`A superuser shortens the lock by SQL. The comparison names it: ${alteredRowNamed}.`);
  return { namedBefore, alteredRowNamed };
}
