import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { isLater, orderOf } from "../../../audit/checkpoints/head-order.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { createApproverKey, parseApproverKey } from "../../../audit/restore/approver-key.ts";
import { parseApprovers } from "../../../audit/restore/approvers.ts";
import {
  assertApproved,
  declarationText,
  logRestores,
  openDeclaration,
  parseDeclaration,
  type RestoreDeclaration,
} from "../../../audit/restore/declaration.ts";
import { signLogRestore } from "../../../audit/restore/record-restore.ts";
import { readRestores, Restores } from "../../../audit/restore/restores.ts";
import { checkpointText, parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import {
  logRestoreText,
  openLogRestore,
  survivorOf,
  type LogRestore,
} from "../../../audit/verify/log-restore.ts";
import { formatNote, formatVkey, keyIdOf, parseNote } from "../../../audit/verify/note.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { newSigner } from "../../support/audit-log.ts";

const { sha256 } = nodeChecks;
const root = (size: number) => sha256(utf8(`root of ${size}`));
const approver = (name: string) => parseApproverKey(createApproverKey(name));
const [alice, bob, mallory] = [approver("alice"), approver("bob"), approver("mallory")];
const signer = newSigner();
const deployment = "desk.example/audit/operator";
const origin = "desk.example/audit/t/demo";
const auditKey = (name: string) => ({ name, type: 1 as const, publicKey: signer.publicKey });

const declaration: RestoreDeclaration = {
  deployment,
  backupOfMs: 1_700_000_000_000,
  declaredAtMs: 1_700_000_100_000,
  reason: "The disk of the database died.",
  approvers: [alice.key, bob.key],
  logs: [
    {
      origin,
      restores: 1,
      published: { size: 9, root: root(9) },
      continues: { size: 5, root: root(5) },
    },
  ],
};
const text = declarationText(declaration);
const own = async (signed: string, name = deployment, by = signer) => ({
  name,
  keyId: keyIdOf(sha256, { ...auditKey(name), publicKey: by.publicKey }),
  signature: await by.sign(utf8(signed)),
});
const approved = async (signed = text) =>
  formatNote(signed, [alice.sign(signed), bob.sign(signed), await own(signed)]);

test("a declaration that two approvers and the audit key signed is one", async () => {
  expect(parseDeclaration(text)).toEqual(declaration);
  expect(openDeclaration(await approved(), signer.publicKey)).toMatchObject([
    {
      origin,
      restores: 1,
      reason: declaration.reason,
      approvedBy: [/^alice\+/, /^bob\+/].map((name) => expect.stringMatching(name) as unknown),
    },
  ]);
});

test.each<[string, () => Promise<string>, string]>([
  ["one approver", async () => formatNote(text, [alice.sign(text), await own(text)]), "unsigned"],
  [
    "the same approver twice",
    async () => formatNote(text, [alice.sign(text), alice.sign(text), await own(text)]),
    "unsigned",
  ],
  [
    "a stranger beside an approver",
    async () => formatNote(text, [alice.sign(text), mallory.sign(text), await own(text)]),
    "unsigned",
  ],
  [
    "a stranger in an approver's name",
    async () => {
      const forged = { ...mallory.sign(text), name: "bob", keyId: bob.sign(text).keyId };
      return formatNote(text, [alice.sign(text), forged, await own(text)]);
    },
    "wrong_signature",
  ],
  ["no audit key", async () => formatNote(text, [alice.sign(text), bob.sign(text)]), "unsigned"],
  [
    "another audit key",
    async () =>
      formatNote(text, [
        alice.sign(text),
        bob.sign(text),
        await own(text, deployment, newSigner()),
      ]),
    "unsigned",
  ],
  [
    "another text under the signatures",
    async () => (await approved()).replace("disk", "node"),
    "wrong_signature",
  ],
])("with %s it is refused", async (_, make, code) => {
  const note = await make();
  expect(() => openDeclaration(note, signer.publicKey)).toThrow(
    expect.objectContaining({ code }) as Error,
  );
  const store = { declarations: () => Promise.resolve([note]) };
  await expect(readRestores(store, signer.publicKey)).rejects.toMatchObject({
    code: "audit_checkpoint_invalid",
  });
});

const vkey = ({ key }: typeof alice) => formatVkey(sha256, key);

test("approvers are at least two different people with different keys", () => {
  expect(parseApprovers(`${vkey(bob)}, ${vkey(alice)}`).map(({ name }) => name)).toEqual([
    "alice",
    "bob",
  ]);
  const renamed = formatVkey(sha256, { ...alice.key, name: "bob" });
  for (const list of [
    "",
    vkey(alice),
    `${vkey(alice)} ${vkey(alice)}`,
    `${vkey(alice)} ${renamed}`,
  ])
    expect(() => parseApprovers(list)).toThrow(expect.objectContaining({ code: "malformed" }));
});

test("a text in which anything is changed is another declaration or none", () => {
  const lines = text.split("\n");
  const noteOf = (changed: string) =>
    formatNote(changed, parseNote(formatNote(text, [alice.sign(text), bob.sign(text)])).signatures);
  fc.assert(
    fc.property(
      fc.nat(lines.length - 1),
      fc.string({ maxLength: 20, unit: "binary" }),
      fc.nat(40),
      (line, put, place) => {
        const changed = lines
          .map((each, at) => (at === line ? each.slice(0, place) + put + each.slice(place) : each))
          .join("\n");
        fc.pre(changed !== text);
        expect(() =>
          assertApproved(parseDeclaration(changed), parseNote(noteOf(changed))),
        ).toThrow();
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

describe("the statement about one log", () => {
  const [restore] = logRestores(declaration, [alice.key, bob.key], text) as [LogRestore];

  test("is signed by the log's key and names no other log", async () => {
    const note = await signLogRestore(signer, restore);
    expect(openLogRestore(nodeChecks, note, auditKey(origin))).toEqual(restore);
    expect(note).not.toContain(deployment);
    expect(() => openLogRestore(nodeChecks, note, auditKey("desk.example/audit/t/else"))).toThrow(
      expect.objectContaining({ code: "unsigned" }) as Error,
    );
    const foreign = formatNote(logRestoreText(restore), [
      await own(logRestoreText(restore), "desk.example/audit/t/else"),
    ]);
    expect(() =>
      openLogRestore(nodeChecks, foreign, auditKey("desk.example/audit/t/else")),
    ).toThrow(expect.objectContaining({ code: "wrong_origin" }) as Error);
  });

  test("is no checkpoint, and a checkpoint is no statement", async () => {
    expect(() => parseCheckpointText(logRestoreText(restore))).toThrow();
    expect(() => parseCheckpointText(text)).toThrow();
    const head = checkpointText({ origin, size: 9, root: root(9), restores: 2 });
    const note = formatNote(head, [await own(head, origin)]);
    expect(() => openLogRestore(nodeChecks, note, auditKey(origin))).toThrow();
    expect(parseCheckpointText(head)).toEqual({ origin, size: 9, root: root(9), restores: 2 });
  });

  test("that loses nothing, or has a wrong size, is none", async () => {
    for (const changes of [
      { continues: restore.published },
      { continues: { size: 10, root: root(10) } },
      { restores: 0 },
      { reason: "" },
      { reason: "a\u2028b" },
    ]) {
      const note = await signLogRestore(signer, { ...restore, ...changes });
      expect(() => openLogRestore(nodeChecks, note, auditKey(origin))).toThrow(
        expect.objectContaining({ code: "malformed" }) as Error,
      );
    }
  });
});

describe("what survives a restore", () => {
  const lost = (restores: number, from: number, to: number, name = origin) => ({
    origin: name,
    restores,
    published: { size: to, root: root(to) },
    continues: { size: from, root: root(from) },
  });
  const head = (size: number, restores = 0) => ({ origin, size, root: root(size), restores });
  const left = (given: ReturnType<typeof head>, ...all: ReturnType<typeof lost>[]) => {
    const { head: survivor } = survivorOf(given, all);
    return [survivor.size, survivor.restores];
  };

  test("heads from before it that are in what was lost, and no others", () => {
    expect(left(head(9), lost(1, 5, 9))).toEqual([5, 1]);
    expect(left(head(7), lost(1, 5, 9))).toEqual([5, 1]);
    expect(left(head(5), lost(1, 5, 9))).toEqual([5, 0]);
    expect(left(head(10), lost(1, 5, 9))).toEqual([10, 0]);
    expect(left(head(9), lost(1, 5, 9, "desk.example/audit/t/else"))).toEqual([9, 0]);
    expect(left({ ...head(9), root: randomBytes(32) }, lost(1, 5, 9))).toEqual([9, 0]);
    // A head from after the restore is not covered by it: the declaration cannot be used twice.
    expect(left(head(7, 1), lost(1, 5, 9))).toEqual([7, 1]);
    expect(left(head(9), lost(2, 3, 7), lost(1, 5, 9))).toEqual([3, 2]);
    expect(left(head(7, 1), lost(1, 5, 9), lost(2, 3, 7))).toEqual([3, 2]);
  });

  test("is never larger, and stays the same if it is computed again", () => {
    const range = fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 5 }),
        fc.nat(40),
        fc.nat(5),
        (ranges, size, mark) => {
          const all = ranges.map(([from, more], at) => lost(at + 1, from, from + more));
          const { head: survivor, lostIn } = survivorOf(head(size, mark), all);
          expect(survivor.size).toBeLessThanOrEqual(size);
          expect(lostIn.every(({ restores }) => restores > mark)).toBe(true);
          expect(survivorOf(survivor, all)).toEqual({ head: survivor, lostIn: [] });
          expect(survivorOf(head(size, mark), all.toReversed()).head).toEqual(survivor);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  test("the next heads of a log say how often it was restored", () => {
    const whole = { ...declaration, approvedBy: [], declaration: root(0) };
    const restores = new Restores([1, 2].map((each) => ({ ...whole, ...lost(each, 3, 9) })));
    expect(restores.countOf(origin)).toBe(2);
    expect(restores.countOf(deployment)).toBe(0);
  });
});

test("outside the database, a head from after a restore replaces a larger one from before", async () => {
  const order = (size: number, restores = 0) =>
    orderOf(`${checkpointText({ origin, size, root: root(size), restores })}\nsigned`);
  expect(order(9, 2)).toEqual({ size: 9, restores: 2 });
  expect(isLater(order(6, 1), order(9))).toBe(true);
  expect(isLater(order(9), order(6, 1))).toBe(false);
  expect(isLater(order(9), order(9))).toBe(false);
});
