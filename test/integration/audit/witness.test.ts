import { generateKeyPairSync, sign } from "node:crypto";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { cosignedAt } from "../../../audit/verify/cosignature.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { KEY_TYPES, parseNote, type NoteKey } from "../../../audit/verify/note.ts";
import { consistencyProof } from "../../../audit/verify/proofs.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import { createWitness } from "../../../audit/witness/witness.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const NOW = 1_700_000_000_000;
const entries = Array.from({ length: 600 }, (_, index) => utf8(`${index}`));

function logOf(size: number, from: MemoryLog = new MemoryLog()): MemoryLog {
  from.append(entries.slice(from.head.size, size));
  return from;
}

function newWitness(log: MemoryLog) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  const key: NoteKey = {
    name: "witness.example",
    type: KEY_TYPES.cosignature,
    publicKey: Buffer.from(x ?? "", "base64url"),
  };
  const seen = new Map<string, string>();
  const { addCheckpoint: add } = createWitness({
    approvers: [],
    name: key.name,
    signer: {
      publicKey: key.publicKey,
      sign: (bytes) => Promise.resolve(sign(null, bytes, privateKey)),
    },
    logs: [log.key],
    store: {
      latest: (origin) => Promise.resolve(seen.get(origin)),
      put: (origin, note) => Promise.resolve(void seen.set(origin, note)),
      restores: () => Promise.resolve([]),
      addRestore: () => Promise.reject(new Error("no restore")),
    },
    now: () => NOW,
  });
  return { key, add };
}

/** An add-checkpoint request for the log's current head. */
async function request(log: MemoryLog, old: number): Promise<Uint8Array> {
  const { size } = log.head;
  const roots = rangeRoots(nodeChecks.sha256, log, size);
  const proof = old <= size ? await consistencyProof(roots, old, size) : [];
  return utf8(
    `old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${log.signed(log.head)}`,
  );
}

test("cosigns each head that extends the last one, with the time", async () => {
  const log = logOf(300);
  const { key, add } = newWitness(log);
  const first = await add(await request(log, 0));
  expect(first.status).toBe(200);
  const cosigned = parseNote(log.signed(log.head) + first.body);
  expect(cosignedAt(nodeChecks, cosigned, key)).toBe(NOW / 1_000);
  logOf(600, log);
  expect((await add(await request(log, 300))).status).toBe(200);
  expect((await add(await request(log, 600))).status).toBe(200);
});

test("a witness refuses requests as tlog-witness requires", async () => {
  const log = logOf(300);
  const { add } = newWitness(log);
  const ahead = await request(log, 301);
  expect((await add(ahead)).status).toBe(400);
  expect(await add(await request(log, 100))).toMatchObject({
    status: 409,
    type: "text/x.tlog.size",
    body: "0\n",
  });
  await add(await request(log, 0));
  expect(await add(await request(log, 0))).toMatchObject({ status: 409, body: "300\n" });
  expect((await add(await request(new MemoryLog("example.com/other"), 0))).status).toBe(404);
  expect((await add(await request(new MemoryLog(log.key.name), 0))).status).toBe(403);
  expect((await add(utf8("nonsense"))).status).toBe(400);
  const forked = { size: 300, root: new Uint8Array(32) };
  const same = await add(utf8(`old 300\n\n${log.signed(forked)}`));
  expect(same.status).toBe(409);
  const later = utf8(
    `old 300\n${toBase64(new Uint8Array(32))}\n\n${log.signed({ size: 400, root: new Uint8Array(32) })}`,
  );
  expect((await add(later)).status).toBe(422);
});

test("two concurrent requests set nothing back", async () => {
  const log = logOf(300);
  const { add } = newWitness(log);
  await add(await request(log, 0));
  logOf(400, log);
  const smaller = await request(log, 300);
  logOf(500, log);
  const larger = await request(log, 300);
  const answers = await Promise.all([add(larger), add(smaller)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 409]);
});
