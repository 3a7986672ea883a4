/** The bot as a process of its own: a real server, real devices, and SIGKILL. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Conversation, ConversationItem } from "../../client/index.ts";
import { parseId, type UserId } from "../../crypto/wire/ids.ts";
import { botTexts, writeBotConfig } from "../support/bot-config.ts";
import { closeAll, connectCustomer, connectStaff, joined, readUntil } from "../support/member.ts";
import { putNoticeInForce } from "../support/notices.ts";
import { runSealdeskAlone } from "../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

// The built program, as it runs: `npm run build` comes before these tests.
const main = fileURLToPath(new URL("../../dist/bot/main.js", import.meta.url));
const hours = "We are open from 9 to 17.";
let server: TestServer;
let folder: string;
let bot: Awaited<ReturnType<typeof botAt>>;

beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
  folder = await mkdtemp(join(tmpdir(), "sealdesk-bot-"));
  bot = await botAt(join(folder, "one"));
});
afterAll(async () => {
  await bot.kill();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function argumentsFor(home: string, role: "bot" | "agent") {
  const { tenant, username, password } = await server.createStaff(role);
  const passwordFile = `${home}.password`;
  await writeFile(passwordFile, `${password}\n`);
  const account = ["--tenant", tenant, "--username", username, "--password-file", passwordFile];
  const config = await writeBotConfig(folder);
  return ["run", "--home", home, "--server", server.url, ...account, "--config", config];
}

/** A bot that can be killed and started again. */
async function botAt(home: string) {
  const args = await argumentsFor(home, "bot");
  let child: ChildProcess | undefined;
  let printed = "";
  const start = async () => {
    const env = { PATH: process.env["PATH"], NODE_ENV: "test" };
    child = spawn(process.execPath, [main, ...args], { env, cwd: folder });
    const before = printed.length;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    await until(() => /Talking as \S+\./.test(printed.slice(before)));
    return parseId<UserId>(/Talking as (\S+)\./.exec(printed)?.[1] ?? "");
  };
  const kill = async () => {
    const ended = child !== undefined && once(child, "exit");
    child?.kill("SIGKILL");
    await ended;
  };
  return { user: await start(), start, kill, printed: () => printed };
}

const botsTexts = (items: readonly ConversationItem[]): string[] =>
  items.flatMap((item) => (item.kind === "message" && item.sender === bot.user ? [item.text] : []));

/** What the bot has said, once it has said so many things. */
const saidByBot = async (talk: Conversation, count: number): Promise<string[]> =>
  botsTexts(await readUntil(talk, (items) => botsTexts(items).length >= count));

/** A customer who lets programs look into messages, with the bot, and perhaps an agent. */
async function arrange({ consents = true, withAgent = true } = {}) {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const members = [bot.user, ...(withAgent ? [agent.sealdesk.user.id] : [])];
  const talk = await customer.sealdesk.openConversation({ with: members });
  if (consents) {
    const notice = await customer.sealdesk.notices.current();
    await customer.sealdesk.consents.give({ purpose: "moderation", conversation: talk.id, notice });
  }
  const serving = withAgent ? await joined(agent, talk.id) : undefined;
  return { agent, customer, talk, serving };
}

test("it greets, answers, hands over what it does not know, and leaves the word to a person", async () => {
  const { agent, customer, talk, serving } = await arrange();
  expect(talk.members.find(({ user }) => user === bot.user)?.role).toBe("bot");
  expect(await saidByBot(talk, 1)).toEqual([botTexts.greeting]);
  await talk.send("When are you open on Friday?");
  expect(await saidByBot(talk, 2)).toEqual([botTexts.greeting, hours]);
  await talk.send("The invoice that came on Friday is wrong");
  const all = [botTexts.greeting, hours, botTexts.handOver];
  expect(await saidByBot(talk, 3)).toEqual(all);
  await until(() =>
    bot.printed().includes(`${talk.id}: handed over, unsure; a person is a member.`),
  );

  // The agent has everything that was said, on a device of their own.
  const shown = await readUntil(serving!, (items) => botsTexts(items).length === 3);
  expect(shown.flatMap((item) => (item.kind === "message" ? [item.text] : []))).toEqual([
    botTexts.greeting,
    "When are you open on Friday?",
    hours,
    "The invoice that came on Friday is wrong",
    botTexts.handOver,
  ]);
  await closeAll(agent, customer);
});

test("once a person has written, it is silent, also after a restart", async () => {
  const first = await arrange();
  await saidByBot(first.talk, 1);
  await first.serving!.send("I am Ann, how can I help?");
  await first.talk.send("When are you open on Friday?");
  await first.talk.send("I have chest pain and cannot breathe");
  await bot.kill();
  await bot.start();
  // The bot has come as far as this conversation: another one, which began later, is served.
  const second = await arrange();
  await second.talk.send("When are you open on Friday?");
  expect(await saidByBot(second.talk, 2)).toEqual([botTexts.greeting, hours]);
  const { seq } = await first.talk.send("Bye.");
  const items = await readUntil(first.talk, (all) => all.some((item) => item.seq >= seq));
  expect(botsTexts(items)).toEqual([botTexts.greeting]);
  await closeAll(first.agent, first.customer, second.agent, second.customer);
});

test("an emergency is not answered: it is handed over, and the customer is told that nobody is here", async () => {
  const { agent, customer, talk } = await arrange({ withAgent: false });
  await saidByBot(talk, 1);
  await talk.send("When are you open? I have chest pain and cannot breathe");
  const urgent = `${botTexts.urgent} ${botTexts.nobodyHere}`;
  expect(await saidByBot(talk, 2)).toEqual([botTexts.greeting, urgent]);
  await until(() =>
    bot.printed().includes(`${talk.id}: handed over, urgent; no person is a member.`),
  );
  await closeAll(agent, customer);
});

test("without consent to moderation it looks into nothing", async () => {
  const { agent, customer, talk } = await arrange({ consents: false });
  await saidByBot(talk, 1);
  await talk.send("When are you open on Friday?");
  expect(await saidByBot(talk, 2)).toEqual([botTexts.greeting, botTexts.handOver]);
  await until(() => bot.printed().includes(`${talk.id}: handed over, not_allowed`));
  await closeAll(agent, customer);
});

test("killed again and again, it answers each question once", async () => {
  const { agent, customer, talk } = await arrange();
  await saidByBot(talk, 1);
  const questions = 4;
  for (let asked = 1; asked <= questions; asked++) {
    // Once it is away when it is asked, once it dies as soon as its answer is there.
    if (asked % 2 === 0) await bot.kill();
    await talk.send("When are you open on Friday?");
    if (asked % 2 === 0) await bot.start();
    await saidByBot(talk, 1 + asked);
    await bot.kill();
    await bot.start();
  }
  await talk.send("The invoice that came on Friday is wrong");
  const all = await saidByBot(talk, 2 + questions);
  await bot.kill();
  await bot.start();
  expect(all).toEqual([
    botTexts.greeting,
    ...Array.from({ length: questions }, () => hours),
    botTexts.handOver,
  ]);
  const [name = ""] = (await readdir(join(folder, "one", "handed-over"))).filter((each) =>
    each.startsWith(talk.id),
  );
  const kept = await readFile(join(folder, "one", "handed-over", name), "utf8");
  expect(JSON.parse(kept)).toEqual({ at: expect.any(Number), reason: "unsure" });
  await closeAll(agent, customer);
});

test("it prints no content, and refuses an account that is no bot", async () => {
  expect(bot.printed()).not.toContain("chest pain");
  expect(bot.printed()).not.toContain("open on Friday");
  const args = await argumentsFor(join(folder, "agent"), "agent");
  const environment = { NODE_ENV: "test" };
  const refused = await runSealdeskAlone(["bot", ...args], environment);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.err).toContain("must have the role bot");
});
