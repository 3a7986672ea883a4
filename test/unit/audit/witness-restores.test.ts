import { nodeChecks } from "../../../audit/node-checks.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import type { Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { consistencyProof } from "../../../audit/verify/proofs.ts";
import { createWitness } from "../../../audit/witness/witness.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { approver, approvers, people } from "../../support/approvers.ts";
import { newSigner } from "../../support/audit-log.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { signedStatement } from "../../support/signed-statement.ts";

const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`entry ${from + at}`));

/** A witness that saw 9 entries of a log. The log was restored at 5, and has 7 entries now. */
async function setUp(known = approvers) {
  const log = new MemoryLog("desk.example/audit/t/demo");
  log.append(entries(0, 5));
  const at5 = log.head;
  const after = log.again([...entries(0, 5), ...entries(20, 22)]);
  log.append(entries(5, 9));
  const notes = new Map<string, string>();
  const statements: string[] = [];
  const told: number[] = [];
  const clock = { nowMs: 0 };
  const witness = createWitness({
    name: "witness.example",
    signer: newSigner(),
    logs: [log.key],
    approvers: known,
    store: {
      latest: (origin) => Promise.resolve(notes.get(origin)),
      put: (origin, note) => Promise.resolve(void notes.set(origin, note)),
      restores: () => Promise.resolve(statements),
      addRestore: (_, note) => Promise.resolve(void statements.push(note)),
    },
    now: () => clock.nowMs,
    onRestore: ({ restores }) => told.push(restores),
  });
  /** @returns the status, and the size that the witness says it saw */
  const submit = async (old: number, head: Omit<Checkpoint, "origin">, from = log) => {
    const proof =
      old <= head.size
        ? await consistencyProof(rangeRoots(nodeChecks.sha256, from, head.size), old, head.size)
        : [];
    const lines = proof.map((hash) => `${toBase64(hash)}\n`).join("");
    const { status, body } = await witness.addCheckpoint(
      utf8(`old ${old}\n${lines}\n${log.signed(head)}`),
    );
    return status === 409 ? [status, Number(body)] : [status];
  };
  expect(await submit(0, log.head)).toEqual([200]);
  const lost = { restores: 1, published: log.head, continues: at5 };
  const tell = async (note: string | Promise<string>) => witness.addRestore(utf8(await note));
  return { log, after, now: { ...after.head, restores: 1 }, lost, submit, tell, told, clock };
}

test("a witness cosigns what continues after a restore that known people approved", async () => {
  const { log, after, now, lost, submit, tell, told } = await setUp();
  expect(await submit(5, now, after)).toEqual([409, 9]);
  const note = await signedStatement(log, lost);
  // Both at once: the statement is kept before the head is compared.
  const [kept, cosigned] = await Promise.all([tell(note), submit(5, now, after)]);
  expect([kept, cosigned]).toEqual([200, [200]]);
  expect(await tell(note)).toBe(200);
  expect(told).toEqual([1]);
});

test("a second rollback finds no way with the first declaration", async () => {
  const { log, after, now, lost, submit, tell } = await setUp();
  await tell(signedStatement(log, lost));
  // The first head after the restore must say so, or its lost part could be exchanged once more.
  expect(await submit(5, after.head, after)).toEqual([409, 9]);
  expect(await submit(5, now, after)).toEqual([200]);
  // Neither the lost history nor a new one without the number of the restore comes back.
  for (const other of [log, log.again([...entries(0, 7), ...entries(40, 43)])])
    expect(await submit(7, other.head, other)).toEqual([409, 7]);
  const short = log.again(entries(0, 6));
  expect(await submit(5, { ...short.head, restores: 1 }, short)).toEqual([409, 7]);
  expect(await submit(7, { ...now, restores: 2 }, after)).toEqual([409, 7]);
  after.append(entries(50, 51));
  expect(await submit(7, { ...after.head, restores: 1 }, after)).toEqual([200]);
});

test("a head below the one from which the log continues is refused", async () => {
  const { log, lost, submit, tell } = await setUp();
  await tell(signedStatement(log, lost));
  const below = log.again(entries(0, 3));
  expect(await submit(3, { ...below.head, restores: 1 }, below)).toEqual([409, 9]);
});

test("a witness that knows no approvers accepts no restore", async () => {
  const { log, after, now, lost, submit, tell, told } = await setUp([]);
  expect(await tell(signedStatement(log, lost))).toBe(403);
  expect(await submit(5, now, after)).toEqual([409, 9]);
  expect(told).toEqual([]);
  // A log that only grew is cosigned, whatever its head says.
  log.append(entries(9, 12));
  expect(await submit(9, { ...log.head, restores: 1 })).toEqual([200]);
});

test("statements that are wrong are answered with why", async () => {
  const { log, lost, tell, told } = await setUp();
  expect(await tell("nothing")).toBe(400);
  expect(await tell(log.signed(log.head))).toBe(404);
  expect(await tell(signedStatement(log, lost, { origin: "desk.example/audit/t/else" }))).toBe(404);
  expect(await tell(signedStatement(log, lost, { signer: newSigner() }))).toBe(403);
  const stranger = approver("mallory");
  const signers = [...people.slice(1), stranger];
  const named = signers.map(({ key }) => key);
  expect(await tell(signedStatement(log, lost, { signers, named }))).toBe(403);
  const note = await signedStatement(log, lost);
  expect(await tell(note.replace("restores 1", "restores 0"))).toBe(403);
  expect(told).toEqual([]);
  expect(await tell(note)).toBe(200);
  const other = signedStatement(log, { ...lost, continues: log.again(entries(0, 4)).head });
  expect(await tell(other)).toBe(409);
});

test("a witness that saw less than is left verifies the head from which the log continues", async () => {
  const { log, submit, tell } = await setUp();
  log.append(entries(9, 12));
  const at12 = log.head;
  const after = log.again([...entries(0, 12), ...entries(20, 23)]);
  log.append(entries(12, 15));
  const lost = { restores: 1, published: log.head, continues: at12 };
  expect(await tell(signedStatement(log, lost))).toBe(200);
  const forged = log.again([...entries(0, 9), ...entries(70, 76)]);
  expect(await submit(9, { ...forged.head, restores: 1 }, forged)).toEqual([409, 9]);
  // It needs to be shown that head first.
  expect(await submit(9, { ...after.head, restores: 1 }, after)).toEqual([409, 9]);
  expect(await submit(9, at12)).toEqual([200]);
  expect(await submit(12, { ...forged.head, restores: 1 }, forged)).toEqual([422]);
  expect(await submit(12, { ...after.head, restores: 1 }, after)).toEqual([200]);
});

const DAY_MS = 86_400_000;

test("a declaration that was not used for a day takes away nothing that was cosigned since", async () => {
  const { log, after, now, lost, submit, tell, clock, told } = await setUp();
  log.append(entries(9, 200));
  clock.nowMs = DAY_MS + 3_000;
  expect(await submit(9, log.head)).toEqual([200]);
  expect(await tell(signedStatement(log, lost))).toBe(403);
  expect(await submit(5, now, after)).toEqual([409, 200]);
  expect(told).toEqual([]);
});

test("a declaration that the witness kept before takes away nothing that was cosigned since", async () => {
  const { log, after, now, lost, submit, tell, clock } = await setUp();
  expect(await tell(signedStatement(log, lost))).toBe(200);
  log.append(entries(9, 200));
  clock.nowMs = DAY_MS + 3_000;
  expect(await submit(9, log.head)).toEqual([200]);
  expect(await submit(5, now, after)).toEqual([409, 200]);
});

test("a witness that was not reachable for days accepts a restore", async () => {
  const { log, after, now, lost, submit, tell, clock } = await setUp();
  clock.nowMs = 9 * DAY_MS;
  // A head that it saw before is not newer because somebody submits it again.
  expect(await submit(9, log.head)).toEqual([200]);
  expect(await tell(signedStatement(log, lost))).toBe(200);
  expect(await submit(5, now, after)).toEqual([200]);
});
