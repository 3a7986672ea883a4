import { rm } from "node:fs/promises";
import type { ConversationItem, ProblemItem } from "../../client/index.ts";
import {
  closeAll,
  joined,
  problemsOf,
  readUntil,
  textsOf,
  type Member,
} from "../support/member.ts";
import { RestorableSystem } from "../support/restorable-system.ts";
import { BACKUP_OF } from "../support/restorable-server.ts";
import { until } from "../support/until.ts";

let system: RestorableSystem;
let cleo: Member;
let robin: Member;
let sam: Member;
let alex: Member;
let id: string;

const say = async (member: Member, text: string) => (await joined(member, id)).send(text);
const has =
  (...texts: string[]) =>
  (items: readonly ConversationItem[]) =>
    texts.every((each) => textsOf(items).includes(each));
/** Everything that the member has, as soon as all these texts are among it. */
const readAll = async (member: Member, ...texts: string[]): Promise<ConversationItem[]> =>
  readUntil(await joined(member, id), has(...texts));
const isLost = (item: ConversationItem) => item.lostOnServer === true;
const restoredIn = (items: readonly ConversationItem[]) =>
  items.filter(({ kind }) => kind === "server_restored");
const leave = async (member: Member) =>
  (await joined(member, id)).removeMember(member.sealdesk.user.id);
/** The problems of the conversation from now on. */
function watchProblems(member: Member): ProblemItem[] {
  const problems: ProblemItem[] = [];
  member.sealdesk.on("problem", ({ problem }) => problems.push(problem));
  return problems;
}

/** Robin, Sam and Alex are agents of Cleo, and everybody has read "before". */
beforeEach(async () => {
  system = await RestorableSystem.make();
  cleo = await system.customer();
  [robin, sam, alex] = [
    await system.staff("robin"),
    await system.staff("sam"),
    await system.staff("alex"),
  ];
  const agents = [robin, sam, alex].map((each) => each.sealdesk.user.id);
  ({ id } = await cleo.sealdesk.openConversation({ with: agents }));
  await say(cleo, "before");
  for (const each of [robin, sam, alex]) await readAll(each, "before");
  await closeAll(cleo, robin, sam, alex);
}, 240_000);
afterEach(() => system.close());

test("a conversation continues after a restore, for every share of lost events that its members saw", async () => {
  await system.backUp();
  cleo = await system.restarted(cleo);
  robin = await system.restarted(robin);
  alex = await system.restarted(alex);
  await say(cleo, "lost 1");
  await say(robin, "lost 2");
  await readAll(alex, "lost 2");
  await leave(alex);
  await until(() => [cleo, robin].every((each) => each.sealdesk.conversation(id)?.seq === 5));
  await closeAll(robin, alex);
  await say(cleo, "lost 3");
  // Cleo's device stays on, and reads.
  const reading = readAll(cleo, "after cleo", "after robin", "after sam");
  await system.restore("note");
  await say(cleo, "after cleo");
  [robin, sam] = [await system.restarted(robin), await system.restarted(sam)];
  await say(robin, "after robin");
  await say(sam, "after sam");
  const shown = { kind: "server_restored", backupOfMs: Date.parse(BACKUP_OF) };
  const returned = [{ user: alex.sealdesk.user.id, devices: [alex.sealdesk.device] }];
  const said = ["before", "lost 1", "lost 2", "lost 3", "after cleo", "after robin", "after sam"];
  // Whoever was reading had read the lost part before it was lost, and reads on.
  const items = await reading;
  expect(textsOf(items)).toEqual(said);
  expect(restoredIn(items)).toMatchObject([{ ...shown, messages: 3, returned }]);
  const history = await readAll(cleo, "after sam");
  expect(textsOf(history)).toEqual(said);
  const lost = history.filter(isLost);
  expect(textsOf(lost)).toEqual(["lost 1", "lost 2", "lost 3"]);
  expect(lost).toContainEqual(expect.objectContaining({ kind: "member_removed" }));
  expect(problemsOf([...items, ...history])).toEqual([]);
  const others = await readAll(robin, "after cleo", "after robin", "after sam");
  expect(restoredIn(others)).toMatchObject([{ ...shown, messages: 2, returned }]);
  expect(textsOf(others.filter(isLost))).toEqual(["lost 1", "lost 2"]);
  expect(problemsOf(others)).toEqual([]);
  const unaware = await readAll(sam, "after cleo", "after robin", "after sam");
  expect(textsOf(unaware)).toEqual(["before", "after cleo", "after robin", "after sam"]);
  expect(unaware.filter(({ kind }) => kind === "problem" || kind === "server_restored")).toEqual(
    [],
  );

  // Alex is a member again. Only Sam, who does not know of the removal, writes to Alex.
  alex = await system.restarted(alex);
  const read = await readAll(alex, "after sam");
  expect(textsOf(read).filter((text) => text.startsWith("after"))).toEqual(["after sam"]);
  expect(new Set(problemsOf(read).map(({ code }) => code))).toEqual(new Set(["no_key"]));
  await leave(alex);
  await (await joined(robin, id)).addMember(alex.sealdesk.user.id);
  await say(robin, "welcome");
  await readAll(cleo, "welcome");
  await say(cleo, "welcome back");
  await readAll(alex, "welcome", "welcome back");

  // Nothing of it happens twice.
  cleo = await system.restarted(cleo);
  await say(cleo, "once more");
  const again = await readAll(cleo, "once more");
  expect(restoredIn(again)).toHaveLength(1);
  expect(problemsOf(again)).toEqual([]);
  expect(problemsOf(await readAll(sam, "once more"))).toEqual([]);
}, 240_000);

test("a conversation that began after the backup stays readable without members", async () => {
  await system.backUp();
  cleo = await system.restarted(cleo);
  const begun = await cleo.sealdesk.openConversation({ with: [robin.sealdesk.user.id] });
  await begun.send("only here");
  await closeAll(cleo);
  await system.restore("note");

  cleo = await system.restarted(cleo);
  await until(() => cleo.sealdesk.conversation(begun.id)?.state === "left");
  const items = await readUntil(await joined(cleo, begun.id), has("only here"));
  expect(restoredIn(items)).toMatchObject([{ seq: 0, messages: 1, returned: [] }]);
  expect(items.filter(isLost)).toHaveLength(2);
  await expect((await joined(cleo, begun.id)).send("more")).rejects.toMatchObject({
    code: "not_a_member",
  });
  await say(cleo, "after");
  robin = await system.restarted(robin);
  expect(problemsOf(await readAll(robin, "after"))).toEqual([]);
}, 240_000);

test("a second rollback under the same restore is an alarm", async () => {
  await system.backUp();
  cleo = await system.restarted(cleo);
  await say(cleo, "lost");
  await closeAll(cleo);
  await system.restore("note");
  cleo = await system.restarted(cleo);
  await say(cleo, "after");
  await closeAll(cleo);
  await rm(system.server.at("backup"), { recursive: true });
  await system.server.stop();
  await system.server.backUpCheckpoints();
  await system.backUp();
  cleo = await system.restarted(cleo);
  await say(cleo, "hidden");
  await closeAll(cleo);
  await system.server.stop();
  await system.server.putBack();
  // As docs/audit.md forbids: the older checkpoints are put back too, and nothing is declared.
  await system.server.putBackCheckpoints();
  await system.started();

  cleo = await system.restarted(cleo);
  const problems = watchProblems(cleo);
  await until(() => problems.some(({ code }) => code === "rolled_back"));
  const items = await readAll(cleo, "hidden");
  expect(restoredIn(items)).toHaveLength(1);
  expect(textsOf(items.filter(isLost))).toEqual(["lost"]);
}, 240_000);

test("an event from before the backup that is missing is an alarm", async () => {
  await system.backUp();
  cleo = await system.restarted(cleo);
  await say(cleo, "older than the backup");
  await closeAll(cleo);
  const minutes = 60_000;
  // Devices tolerate two minutes, and commands a clock that is five minutes ahead.
  const backupOf = new Date(Date.now() + 3 * minutes).toISOString();
  await system.restore("note", { backupOf, aheadMs: 4 * minutes });

  cleo = await system.restarted(cleo);
  const problems = watchProblems(cleo);
  await until(() => system.codesOf(cleo).includes("log_restored"));
  cleo = await system.restarted(cleo);
  problems.push(...watchProblems(cleo));
  await until(() => problems.some(({ code }) => code === "rolled_back"));
  const items = await readAll(cleo, "older than the backup");
  expect(items.filter((item) => isLost(item) || item.kind === "server_restored")).toEqual([]);
}, 240_000);

test("a device that knows no approvers is not told that it is a restore", async () => {
  await system.backUp();
  cleo = await system.restarted(cleo);
  await say(cleo, "lost");
  await closeAll(cleo);
  await system.restore("note");
  cleo = await system.restartedUnaware(cleo);
  const problems = watchProblems(cleo);
  await until(() => problems.some(({ code }) => code === "rolled_back"));
  expect(restoredIn(await readAll(cleo, "lost"))).toEqual([]);
}, 240_000);
