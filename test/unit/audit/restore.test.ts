import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { parseApproverList } from "../../../audit/restore/approver-list.ts";
import {
  createDeclaration,
  formatDeclaration,
  parseDeclaration,
  type DeclaredLog,
} from "../../../audit/restore/declaration.ts";
import { openDeclaration, readRestores, Restores } from "../../../audit/restore/restores.ts";
import { signDeclaration } from "../../../audit/restore/sign-declaration.ts";
import {
  checkpointText,
  isLaterHead,
  parseCheckpointText,
} from "../../../audit/verify/checkpoint.ts";
import {
  assertTrusted,
  logRestoreText,
  openLogRestore,
  parseLogRestore,
  type LogRestore,
  type RestoreCause,
  type SignedRestore,
} from "../../../audit/verify/log-restore.ts";
import { formatNote, formatVkey, keyIdOf, type NoteSignature } from "../../../audit/verify/note.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { approvedBy, approver } from "../../support/approvers.ts";
import { newSigner } from "../../support/audit-log.ts";

const { sha256 } = nodeChecks;
const root = (size: number) => sha256(utf8(`root of ${size}`));
const head = (size: number) => ({ size, root: root(size) });
const [alice, bob, mallory] = [approver("alice"), approver("bob"), approver("mallory")];
const known = [alice.key, bob.key];
const signer = newSigner();
const [origin, other] = ["desk.example/audit/t/demo", "desk.example/keys/t/demo"];
const keyOf = (name: string, { publicKey } = signer) => ({ name, type: 1 as const, publicKey });

const cause: RestoreCause = {
  backupOfMs: 1_700_000_000_000,
  declaredAtMs: 1_700_000_100_000,
  reason: "The disk of the database died.",
  approvers: known,
};
const logs = [
  { origin, restores: 1, published: head(9), continues: head(5) },
  { origin: other, restores: 2, published: head(3), continues: head(3) },
];
const declared = createDeclaration(cause, logs);
const [first, second] = declared as readonly [DeclaredLog, DeclaredLog];
const file = formatDeclaration(declared);
const signed = async (of = declared, people = [alice, bob]) =>
  formatDeclaration(await signDeclaration(signer, approvedBy(of, people)));
/** The statements with other signatures, as somebody could write them. */
const signedBy = async (sign: (text: string) => readonly NoteSignature[], by = signer) =>
  formatDeclaration(
    await Promise.all(
      declared.map(async ({ restore, note: { text } }) => {
        const key = keyOf(restore.origin, by);
        const own = {
          name: key.name,
          keyId: keyIdOf(sha256, key),
          signature: await by.sign(utf8(text)),
        };
        return { restore, note: { text, signatures: [...sign(text), own] } };
      }),
    ),
  );
const refusedAs = (code: string) => expect.objectContaining({ code }) as Error;

test("a declaration that two approvers and the audit key signed is one", async () => {
  expect(parseDeclaration(file)).toEqual(declared);
  expect(openDeclaration(await signed(), signer.publicKey, known)).toMatchObject([
    { origin, restores: 1, reason: cause.reason, approvedBy: known },
    { origin: other, restores: 2, approvedBy: known },
  ]);
});

test.each<[string, () => Promise<string>, string]>([
  ["one approver", () => signedBy((text) => [alice.sign(text)]), "unsigned"],
  [
    "the same approver twice",
    () => signedBy((text) => [alice.sign(text), alice.sign(text)]),
    "unsigned",
  ],
  [
    "a stranger beside an approver",
    () => signedBy((text) => [alice.sign(text), mallory.sign(text)]),
    "unsigned",
  ],
  [
    "a stranger in an approver's name",
    () =>
      signedBy((text) => [
        alice.sign(text),
        { ...mallory.sign(text), name: "bob", keyId: bob.sign(text).keyId },
      ]),
    "wrong_signature",
  ],
  [
    "no audit key",
    () => Promise.resolve(formatDeclaration(approvedBy(declared, [alice, bob]))),
    "unsigned",
  ],
  [
    "another audit key",
    () => signedBy((text) => [alice.sign(text), bob.sign(text)], newSigner()),
    "unsigned",
  ],
  [
    "another text under the signatures",
    async () => {
      const changed = createDeclaration({ ...cause, reason: "Nothing." }, logs);
      const notes = parseDeclaration(await signed());
      return formatDeclaration(
        changed.map(({ restore, note: { text } }, at) => ({
          restore,
          note: { text, signatures: notes[at]?.note.signatures ?? [] },
        })),
      );
    },
    "wrong_signature",
  ],
  [
    "one of its statements missing",
    async () => formatDeclaration(parseDeclaration(await signed()).slice(1)),
    "malformed",
  ],
  [
    "approvers that nobody configured",
    async () => {
      const own = [alice, mallory].map(({ key }) => key);
      return signed(createDeclaration({ ...cause, approvers: own }, logs), [alice, mallory]);
    },
    "unsigned",
  ],
])("a declaration with %s is refused", async (_, make, code) => {
  const text = await make();
  expect(() => openDeclaration(text, signer.publicKey, known)).toThrow(refusedAs(code));
  const store = { declarations: () => Promise.resolve([{ name: "restore.0a1b", text }]) };
  await expect(readRestores(store, signer.publicKey, known)).rejects.toMatchObject({
    code: "audit_checkpoint_invalid",
    message: expect.stringContaining("restore.0a1b") as string,
  });
});

test("a declaration is refused without known approvers", async () => {
  const text = await signed();
  for (const few of [[], [alice.key]])
    expect(() => openDeclaration(text, signer.publicKey, few)).toThrow(refusedAs("unsigned"));
});

test("a statement of another restore does not pass in a declaration", () => {
  const [, foreign] = createDeclaration({ ...cause, reason: "Another." }, logs);
  for (const changed of [[first, foreign as DeclaredLog], [first, first], [second, first], [first]])
    expect(() => parseDeclaration(formatDeclaration(changed))).toThrow(refusedAs("malformed"));
});

const vkey = ({ key }: typeof alice) => formatVkey(sha256, key);

test("approvers are at least two different people with different keys and plain names", () => {
  expect(parseApproverList(`${vkey(bob)}, ${vkey(alice)}`).map(({ name }) => name)).toEqual([
    "alice",
    "bob",
  ]);
  const named = (name: string) => formatVkey(sha256, { ...alice.key, name });
  for (const list of [
    "",
    vkey(alice),
    `${vkey(alice)} ${vkey(alice)}`,
    `${vkey(alice)} ${named("bob")}`,
    `${vkey(bob)} ${named("a".repeat(101))}`,
    `${vkey(bob)} ${named("ali\u202Ece")}`,
    `${vkey(bob)} ${named("d\u00e9sir\u00e9e")}`,
  ])
    expect(() => parseApproverList(list)).toThrow(refusedAs("malformed"));
  const many = Array.from({ length: 33 }, (_, at) => vkey(approver(`person-${at}`)));
  expect(parseApproverList(many.slice(1).join(" "))).toHaveLength(32);
  expect(() => parseApproverList(many.join(" "))).toThrow(refusedAs("malformed"));
});

test("a text in which anything is changed is another declaration or none", async () => {
  const whole = await signed();
  const statement = parseDeclaration(whole)[0]?.note ?? { text: "", signatures: [] };
  const lines = statement.text.split("\n");
  fc.assert(
    fc.property(
      fc.nat(lines.length - 1),
      fc.string({ maxLength: 20, unit: "binary" }),
      fc.nat(40),
      (line, put, place) => {
        const changed = lines
          .map((each, at) => (at === line ? each.slice(0, place) + put + each.slice(place) : each))
          .join("\n");
        fc.pre(changed !== statement.text);
        const note = formatNote(changed, statement.signatures);
        expect(() => openLogRestore(nodeChecks, note, keyOf(origin))).toThrow();
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

describe("the statement about one log", () => {
  const statement = async () => parseDeclaration(await signed())[0]?.note ?? first.note;

  test("is signed by the log's key and two approvers, and names no other log", async () => {
    const { text, signatures } = await statement();
    const note = formatNote(text, signatures);
    expect(openLogRestore(nodeChecks, note, keyOf(origin))).toEqual({
      ...first.restore,
      approvedBy: known,
      note,
    });
    expect(note).not.toContain(other);
    expect(() => openLogRestore(nodeChecks, note, keyOf(other))).toThrow(refusedAs("unsigned"));
    expect(() => openLogRestore(nodeChecks, note, keyOf(origin, newSigner()))).toThrow(
      refusedAs("unsigned"),
    );
    const key = keyOf(other);
    const own = {
      name: other,
      keyId: keyIdOf(sha256, key),
      signature: await signer.sign(utf8(text)),
    };
    expect(() => openLogRestore(nodeChecks, formatNote(text, [...signatures, own]), key)).toThrow(
      refusedAs("wrong_origin"),
    );
  });

  test("is believed only by those who know two of its approvers", async () => {
    const { text, signatures } = await statement();
    const restore = openLogRestore(nodeChecks, formatNote(text, signatures), keyOf(origin));
    expect(() => assertTrusted(restore, known)).not.toThrow();
    // The same name with another key is somebody else.
    const impostor = { ...bob.key, publicKey: mallory.key.publicKey };
    for (const few of [[], [alice.key], [alice.key, alice.key], [alice.key, impostor]])
      expect(() => assertTrusted(restore, few)).toThrow(refusedAs("unsigned"));
  });

  test("is no checkpoint, and a checkpoint is no statement", async () => {
    expect(() => parseCheckpointText(first.note.text)).toThrow();
    const text = checkpointText({ origin, ...head(9), restores: 2 });
    const key = keyOf(origin);
    const own = {
      name: origin,
      keyId: keyIdOf(sha256, key),
      signature: await signer.sign(utf8(text)),
    };
    expect(() => openLogRestore(nodeChecks, formatNote(text, [own]), key)).toThrow();
    expect(parseCheckpointText(text)).toEqual({ origin, ...head(9), restores: 2 });
  });

  test.each<[string, Partial<LogRestore>]>([
    ["a continuing head above the published one", { continues: head(10) }],
    ["another root at the same size", { continues: { size: 9, root: root(8) } }],
    ["number 0", { restores: 0 }],
    ["a number that no checkpoint can have", { restores: 1_000_000_000 }],
    ["no reason", { reason: "" }],
    ["a reason with a line separator", { reason: "a\u2028b" }],
    ["a reason with a direction mark", { reason: "a\u202Eb" }],
    ["a reason of too many characters", { reason: "a".repeat(301) }],
    ["a reason of too many bytes", { reason: "\u{1F525}".repeat(257) }],
    ["a time before 1970", { backupOfMs: -1 }],
    ["a declaration before the backup", { declaredAtMs: cause.backupOfMs - 1 }],
    ["one approver", { approvers: [alice.key] }],
    ["one approver twice", { approvers: [alice.key, alice.key] }],
    ["a short hash", { declaration: new Uint8Array(31) }],
  ])("with %s is none, and nobody writes it", (_, changes) => {
    const changed = { ...first.restore, ...changes };
    expect(() => parseLogRestore(sha256, logRestoreText(sha256, changed))).toThrow(
      refusedAs("malformed"),
    );
    const { declaration } = changes;
    if (declaration === undefined)
      expect(() => createDeclaration(changed, [changed])).toThrow(refusedAs("malformed"));
  });

  test("may hold characters that this version of Unicode does not assign", () => {
    const reason = "a\u{1FAFF}\u0378";
    const [made] = createDeclaration({ ...cause, reason }, logs);
    expect(parseLogRestore(sha256, made?.note.text ?? "").reason).toBe(reason);
  });
});

describe("the restores of a log", () => {
  const restore = (number: number, of = origin) =>
    ({ ...first.restore, origin: of, restores: number, approvedBy: [], note: "" }) as SignedRestore;

  test("are counted, and its next heads say how many there are", () => {
    const restores = new Restores([restore(2), restore(1), restore(1, other)]);
    expect([origin, other, "desk.example"].map((name) => restores.countOf(name))).toEqual([
      2, 1, 0,
    ]);
  });

  test("have no gaps, and each number once", () => {
    for (const numbers of [[2], [1, 3], [1, 1]])
      expect(() => new Restores(numbers.map((number) => restore(number)))).toThrow(
        refusedAs("audit_checkpoint_invalid"),
      );
  });

  test("explain no head from after a restore that nobody declared", () => {
    const restores = new Restores([restore(1)]);
    expect(restores.survivorOf({ origin, ...head(9) }).size).toBe(5);
    expect(restores.survivorOf({ origin, ...head(9), restores: 1 }).size).toBe(9);
    expect(() => restores.survivorOf({ origin, ...head(9), restores: 2 })).toThrow(
      refusedAs("audit_checkpoint_invalid"),
    );
  });
});

test("outside the database, a head from after a restore replaces a larger one from before", () => {
  const order = (size: number, restores = 0) =>
    parseCheckpointText(checkpointText({ origin, size, root: randomBytes(32), restores }));
  expect(isLaterHead(order(6, 1), order(9))).toBe(true);
  expect(isLaterHead(order(9), order(6, 1))).toBe(false);
  expect(isLaterHead(order(9), order(9))).toBe(false);
});
