import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportFolder, openLoopback } from "../../client/index.node.ts";
import {
  identityProviders,
  openRequestLink,
  maxTextBytes,
  openStore,
  Sealdesk,
  SealdeskError,
  verifyCertificate,
} from "../../client/index.ts";
import { connectCustomer, connectStaff, type Member } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let folder: string;
let agent: Member;
let customer: Member;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-arguments-"));
  agent = await connectStaff(server);
  customer = await connectCustomer(server);
});
afterAll(async () => {
  await Promise.all([agent?.sealdesk.close(), customer?.sealdesk.close()]);
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What plain JavaScript may pass where something else is wanted. */
const wrong: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  "a number": 7.5,
  "not a number": Number.NaN,
  "an object": {},
  "an object without a prototype": Object.create(null),
  "an array": [],
  "a symbol": Symbol("wrong"),
  "a function": () => undefined,
  "a huge string": "x".repeat(4 * 1024 * 1024),
  "a lone surrogate": "\ud800",
};

/** Calls with one wrong argument each, by the function's name; `but` are values that are right there. */
type Calls = Readonly<
  Record<string, readonly [call: (value: never) => unknown, ...but: readonly string[]]>
>;

/** What the call ends with, however it ends. */
async function outcomeOf(call: (value: never) => unknown, value: unknown): Promise<unknown> {
  try {
    return await call(value as never);
  } catch (error) {
    return error;
  }
}

/** Which calls did not end with a SealdeskError with a code and a sentence. */
async function unclear(calls: Calls): Promise<string[]> {
  const found: string[] = [];
  for (const [name, [call, ...but]] of Object.entries(calls))
    for (const [kind, value] of Object.entries(wrong)) {
      if (but.includes(kind)) continue;
      const outcome = await outcomeOf(call, value);
      const clear =
        outcome instanceof SealdeskError &&
        /^\w+$/.test(outcome.code) &&
        /^\S.*\.$/.test(outcome.message) &&
        outcome.message.length < 300;
      if (!clear) found.push(`${name} with ${kind}: ${String(outcome).slice(0, 100)}`);
    }
  return found;
}

const someone = randomUUID();

test("connecting and opening a store refuse wrong arguments in a sentence", async () => {
  const credentials = { grant: "password", tenant: "t", username: "u", password: "p" } as const;
  const redirectUri = "http://127.0.0.1/callback";
  const authorize = () => redirectUri;
  const oidc = { grant: "oidc", tenant: "t", provider: "p", redirectUri, authorize };
  const store = await openStore(join(folder, "good"), new Uint8Array(32));
  const options = { url: server.url, credentials, store };
  const connectWith = (changes: object) => Sealdesk.connect({ ...options, ...changes });
  const key = new Uint8Array(32);

  expect(
    await unclear({
      connect: [(value) => Sealdesk.connect(value)],
      "connect url": [(url) => connectWith({ url })],
      "connect credentials": [(value) => connectWith({ credentials: value })],
      "connect grant": [(grant) => connectWith({ credentials: { ...credentials, grant } })],
      "connect tenant": [(tenant) => connectWith({ credentials: { ...credentials, tenant } })],
      "connect username": [
        (username) => connectWith({ credentials: { ...credentials, username } }),
      ],
      "connect password": [
        (password) => connectWith({ credentials: { ...credentials, password } }),
      ],
      "connect secondFactor": [
        (secondFactor) => connectWith({ credentials: { ...credentials, secondFactor } }),
        "undefined",
      ],
      "connect token": [
        (token) => connectWith({ credentials: { grant: "customer_token", tenant: "t", token } }),
      ],
      "connect passkey": [
        (passkey) => connectWith({ credentials: { grant: "passkey", tenant: "t", passkey } }),
        "a function",
      ],
      ...Object.fromEntries(
        ["provider", "redirectUri", "authorize"].map((field) => [
          `connect ${field}`,
          [
            (value: never) => connectWith({ credentials: { ...oidc, [field]: value } }),
            ...(field === "authorize" ? ["a function"] : []),
          ],
        ]),
      ),
      identityProviders: [(value) => identityProviders(value)],
      "identityProviders url": [(url) => identityProviders({ url, tenant: "t" })],
      "identityProviders tenant": [(tenant) => identityProviders({ url: server.url, tenant })],
      "verifyCertificate file": [(file) => verifyCertificate(file, { keys: [] })],
      "verifyCertificate options": [(value) => verifyCertificate(new Uint8Array(0), value)],
      "verifyCertificate keys": [(keys) => verifyCertificate(new Uint8Array(0), { keys })],
      "verifyCertificate revoked": [
        (revoked) => verifyCertificate(new Uint8Array(0), { keys: [], revoked }),
      ],
      openLoopback: [(show) => openLoopback(show), "a function"],
      "connect store": [(value) => connectWith({ store: value })],
      "connect suite": [(suite) => connectWith({ suite })],
      "connect keyLog": [(keyLog) => connectWith({ keyLog })],
      "connect keyLogWitnesses": [
        (keyLogWitnesses) => connectWith({ keyLogWitnesses }),
        "undefined",
      ],
      "connect purposeOfUse": [
        (purposeOfUse) => connectWith({ purposeOfUse }),
        "undefined",
        "a function",
      ],
      "connect webSocket": [(webSocket) => connectWith({ webSocket })],
      "connect backoff": [(backoff) => connectWith({ backoff })],
      "connect keepalive": [(keepalive) => connectWith({ keepalive })],
      "connect runtime": [(runtime) => connectWith({ runtime })],
      link: [(value) => Sealdesk.link(value)],
      "openStore location": [(location) => openStore(location, key)],
      "openStore secret": [(secret) => openStore(join(folder, "secret"), secret)],
      "openStore locks": [(locks) => openStore(join(folder, "locks"), key, locks), "undefined"],
    }),
  ).toEqual([]);
  await store.close();
});

test("the functions of a sealdesk refuse wrong arguments in a sentence", async () => {
  const { sealdesk } = agent;

  expect(
    await unclear({
      on: [(name) => sealdesk.on(name, () => undefined)],
      "on listener": [(listener) => sealdesk.on("end", listener), "a function"],
      setPresence: [(state) => sealdesk.setPresence(state)],
      conversation: [(id) => sealdesk.conversation(id)],
      openConversation: [(value) => sealdesk.openConversation(value)],
      "openConversation with": [(value) => sealdesk.openConversation({ with: value }), "an array"],
      "openConversation member": [(value) => sealdesk.openConversation({ with: [value] })],
      staff: [(role) => sealdesk.staff(role), "undefined"],
      isAnonymous: [(user) => sealdesk.isAnonymous(user)],
      safetyNumbers: [(user) => sealdesk.safetyNumbers(user)],
      safetyCode: [(user) => sealdesk.safetyCode(user)],
      acceptAccountKey: [(user) => sealdesk.acceptAccountKey(user, "1")],
      "acceptAccountKey number": [(number) => sealdesk.acceptAccountKey(someone, number)],
      reviewDevice: [(code) => sealdesk.reviewDevice(code)],
      approveDevice: [(code) => sealdesk.approveDevice(code)],
      "approveDevice options": [(options) => sealdesk.approveDevice("no code", options)],
      "approveDevice history": [(history) => sealdesk.approveDevice("no code", { history })],
      refuseDevice: [(code) => sealdesk.refuseDevice(code)],
      removeDevice: [(device) => sealdesk.removeDevice(device)],
      resetAccount: [(user) => sealdesk.resetAccount(user, "devices_lost")],
      "resetAccount reason": [(reason) => sealdesk.resetAccount(someone, reason)],
    }),
  ).toEqual([]);
});

test("the requests of a person refuse wrong arguments in a sentence", async () => {
  const { rights } = customer.sealdesk;
  const asked = { conversation: someone, reason: "spam", messages: [1] } as const;
  const reportWith = (changes: object) => customer.sealdesk.report({ ...asked, ...changes });
  expect(
    await unclear({
      "rights.request": [(right) => rights.request(right)],
      "rights.request options": [
        (options) => rights.request("access", options),
        "undefined",
        "an object",
        "an object without a prototype",
      ],
      "rights.withdraw": [(id) => rights.withdraw(id)],
      "rights.export": [(id) => rights.export(id, undefined as never)],
      "rights.export target": [(to) => rights.export(someone, to)],
      "rights.appeal": [(id) => rights.appeal(id)],
      report: [(whole) => customer.sealdesk.report(whole)],
      "report conversation": [(conversation) => reportWith({ conversation })],
      "report messages": [(messages) => reportWith({ messages })],
      "report context": [(context) => reportWith({ context }), "undefined"],
      exportFolder: [(path) => exportFolder(path, { recipient: "age1" })],
      openRequestLink: [(link) => openRequestLink(link)],
      "rights.request residence": [
        (residence) => rights.request("access", { residence }),
        "undefined",
      ],
    }),
  ).toEqual([]);
});

test("the functions of an account's credentials refuse wrong arguments in a sentence", async () => {
  const { credentials } = agent.sealdesk;
  expect(
    await unclear({
      changePassword: [(present) => credentials.changePassword(present, "another one")],
      "changePassword replacement": [(value) => credentials.changePassword("present", value)],
      enrolTotp: [(password) => credentials.enrolTotp(password)],
      confirmTotp: [(code) => credentials.confirmTotp(code)],
      stepUp: [(code) => credentials.stepUp(code)],
      "stepUp totp": [(totp) => credentials.stepUp({ totp })],
      stepUpWithPasskey: [(use) => credentials.stepUpWithPasskey(use), "a function"],
      addPasskey: [(options) => credentials.addPasskey(options, () => ({}))],
      "addPasskey name": [(name) => credentials.addPasskey({ name }, () => ({}))],
      "addPasskey make": [(make) => credentials.addPasskey({ name: "key" }, make), "a function"],
      renamePasskey: [(id) => credentials.renamePasskey(id, "key")],
      "renamePasskey name": [(name) => credentials.renamePasskey(someone, name)],
      removePasskey: [(id) => credentials.removePasskey(id)],
      resetTotp: [(user) => credentials.resetTotp(user)],
      createPasswordReset: [(user) => credentials.createPasswordReset(user)],
    }),
  ).toEqual([]);
});

test("the functions of a conversation refuse wrong arguments in a sentence", async () => {
  const conversation = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const file = { name: "a.txt", type: "text/plain", data: new Uint8Array(3) };
  const sendWith = (changes: object) => conversation.sendAttachment({ ...file, ...changes });
  const grant = { to: agent.sealdesk.user.id, fromSeq: 1, toSeq: 1, purpose: "hand_over" } as const;
  const grantWith = (changes: object) => conversation.grantHistory({ ...grant, ...changes });
  const shown = { version: 1, language: "en", controller: "Clinic", text: "We answer you." };
  const asked = { purpose: "analytics", notice: shown } as const;
  const giveWith = (changes: object) => customer.sealdesk.consents.give({ ...asked, ...changes });
  const firstWith = (options: never) => conversation.messages(options).next();

  expect(
    await unclear({
      send: [(text) => conversation.send(text)],
      typing: [(isTyping) => conversation.typing(isTyping), "undefined"],
      markRead: [(seq) => conversation.markRead(seq)],
      messages: [firstWith, "undefined", "an object", "an object without a prototype"],
      "messages after": [(after) => firstWith({ after } as never), "undefined"],
      "evidence after": [(after) => conversation.evidence({ after }).next(), "undefined"],
      "messages signal": [(signal) => firstWith({ signal } as never), "undefined"],
      sendAttachment: [(value) => conversation.sendAttachment(value)],
      "sendAttachment name": [(name) => sendWith({ name })],
      "sendAttachment type": [(type) => sendWith({ type })],
      "sendAttachment size": [(size) => sendWith({ size }), "undefined"],
      "sendAttachment data": [(data) => sendWith({ data })],
      "sendAttachment onProgress": [
        (onProgress) => sendWith({ onProgress }),
        "undefined",
        "a function",
      ],
      acceptMembers: [(seq) => conversation.acceptMembers(seq)],
      addMember: [(user) => conversation.addMember(user)],
      "addMember breakGlass": [
        (access) => conversation.addMember(randomUUID(), access),
        "undefined",
      ],
      "addMember request": [
        (request) => conversation.addMember(randomUUID(), { request, untilMs: 1 }),
      ],
      removeMember: [(user) => conversation.removeMember(user)],
      grantHistory: [(request) => conversation.grantHistory(request)],
      "grantHistory to": [(to) => grantWith({ to })],
      "grantHistory devices": [(devices) => grantWith({ devices }), "undefined"],
      "grantHistory fromSeq": [(fromSeq) => grantWith({ fromSeq })],
      "grantHistory toSeq": [(toSeq) => grantWith({ toSeq })],
      "grantHistory purpose": [(purpose) => grantWith({ purpose })],
      "grantHistory consent": [(consent) => grantWith({ consent }), "undefined"],
      correct: [(seq) => conversation.correct(seq, "text")],
      "correct text": [(text) => conversation.correct(1, text)],
      edit: [(seq) => conversation.edit(seq, "text")],
      "edit text": [(text) => conversation.edit(1, text)],
      delete: [(seq) => conversation.delete(seq)],
      requireConsent: [(purpose) => conversation.requireConsent(purpose)],
      "consents.give": [(request) => customer.sealdesk.consents.give(request)],
      "consents.give purpose": [(purpose) => giveWith({ purpose })],
      "consents.give conversation": [(talk) => giveWith({ conversation: talk }), "undefined"],
      "consents.give notice": [(notice) => giveWith({ notice })],
      "consents.give lawfulBasis": [(lawfulBasis) => giveWith({ lawfulBasis }), "undefined"],
      "consents.give expiresAtMs": [(expiresAtMs) => giveWith({ expiresAtMs }), "undefined"],
      "consents.withdraw": [(request) => customer.sealdesk.consents.withdraw(request)],
      "consents.receipt": [(id) => customer.sealdesk.consents.receipt(id)],
      "notices.current": [(languages) => customer.sealdesk.notices.current(languages), "undefined"],
      "notices.version": [(version) => customer.sealdesk.notices.version(version)],
      "notices.shown": [(notice) => customer.sealdesk.notices.shown(notice)],
    }),
  ).toEqual([]);
});

test("every function of the public classes is among those above, or takes nothing", async () => {
  const conversation = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const functionsOf = (value: object) =>
    Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(value) as object))
      .filter(([name, { value: member }]) => typeof member === "function" && name !== "constructor")
      .map(([name]) => name)
      .toSorted();

  expect(functionsOf(agent.sealdesk)).toEqual(
    [
      "acceptAccountKey",
      "accountKey",
      "approveDevice",
      "conversation",
      "isAnonymous",
      "on",
      "openConversation",
      "refuseDevice",
      "removeDevice",
      "report",
      "resetAccount",
      "reviewDevice",
      "safetyCode",
      "safetyNumbers",
      "setPresence",
      "staff",
      // without arguments
      "close",
      "conversations",
      "devices",
      "keyLogEvidence",
      "keyLogRestores",
      "reportActivity",
      "signOut",
      "synced",
    ].toSorted(),
  );
  expect(functionsOf(agent.sealdesk.credentials)).toEqual([
    "addPasskey",
    "changePassword",
    "confirmTotp",
    "createPasswordReset",
    "enrolTotp",
    "passkeys", // without arguments
    "removePasskey",
    "removeTotp", // without arguments
    "renamePasskey",
    "resetTotp",
    "stepUp",
    "stepUpWithPasskey",
  ]);
  // The code of these is loaded with the first call. "decisions", "list" and "restrictions" take nothing.
  const callsOf = (value: object) => Object.keys(value).toSorted().join(" ");
  expect(callsOf(customer.sealdesk.consents)).toBe("give list receipt withdraw");
  expect(callsOf(customer.sealdesk.notices)).toBe("current shown version");
  const ofRights = "appeal decisions export list request restrictions withdraw";
  expect(callsOf(customer.sealdesk.rights)).toBe(ofRights);
  // "close" takes nothing.
  expect(functionsOf(conversation).join(" ")).toBe(
    "acceptMembers addMember close correct delete edit evidence grantHistory markRead messages removeMember requireConsent send sendAttachment typing",
  );
});

test("the longest text arrives, and a longer one is refused with the limit", async () => {
  const conversation = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const longest = "x".repeat(maxTextBytes);

  await conversation.send(longest);
  for await (const item of conversation.messages()) {
    if (item.kind !== "message") continue;
    expect(item.text === longest).toBe(true);
    break;
  }
  await expect(conversation.send(`${longest}x`)).rejects.toMatchObject({
    code: "message_too_large",
    message: expect.stringContaining(String(maxTextBytes)),
  });
});

test("a scanned safety code must be text", async () => {
  const conversation = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await conversation.send("Hello");
  const safety = await customer.sealdesk.safetyCode(agent.sealdesk.user.id);

  expect(safety.compare("something else")).toBe("not_a_code");
  const calls = await unclear({ compare: [(scanned) => safety.compare(scanned), "a huge string"] });
  expect(calls).toEqual([]);
});
