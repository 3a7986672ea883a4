import { nodeChecks } from "../../../audit/node-checks.ts";
import { cosignature, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import { formatNote, parseNote } from "../../../audit/verify/note.ts";
import { headsElsewhere } from "../../../cli/commands/audit/watch/heads-elsewhere.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { startWitness, type TestWitness } from "../../support/witness-server.ts";

const HOUR_MS = 3_600_000;
const log = new MemoryLog();
log.append([utf8("one"), utf8("two")]);
const cosigned = log.head;
log.append([utf8("three")]);

let witness: TestWitness;
beforeEach(async () => {
  witness = await startWitness();
  witness.logs.push(log.key);
});
afterEach(() => witness.close());

/** A head with the witness's cosignature of some time ago. */
async function cosignedAgo(agoMs: number, by: TestWitness = witness): Promise<string> {
  const { text, signatures } = parseNote(log.signed(cosigned));
  const timeS = Math.round((Date.now() - agoMs) / 1_000);
  const signature = await by.signer.sign(cosignedBytes(text, timeS));
  const own = cosignature(
    nodeChecks.sha256,
    { ...by.key, name: witness.key.name },
    timeS,
    signature,
  );
  return formatNote(text, [...signatures, own]);
}
const headsOf = (last = log.head) => {
  const elsewhere = { checkpoints: undefined, archives: [], witnesses: [witness] };
  return headsElsewhere({ ...elsewhere, cosignedWithinMs: HOUR_MS }, log.key, {
    origin: log.key.name,
    ...last,
  });
};

test("a head that a witness cosigned counts, also an old one of a log that has not grown", async () => {
  for (const [agoMs, last] of [
    [HOUR_MS / 2, log.head],
    [30 * HOUR_MS, cosigned],
  ] as const) {
    witness.seen.set(log.key.name, await cosignedAgo(agoMs));
    expect(await headsOf(last)).toMatchObject([{ head: cosigned }]);
  }
});

test("a witness that was not shown the log's growth for more than an hour is told", async () => {
  witness.seen.set(log.key.name, await cosignedAgo(2 * HOUR_MS));
  await expect(headsOf()).rejects.toMatchObject({ code: "unreachable" });
});

test("a witness that serves no head is told", async () => {
  await expect(headsOf()).rejects.toMatchObject({ code: "unreachable" });
  witness.interfere = (_, response) => {
    response.writeHead(500).end(log.signed(log.head));
    return true;
  };
  await expect(headsOf()).rejects.toMatchObject({ code: "unreachable" });
});

test("a head that the witness did not cosign, or that the log did not sign, is a fault", async () => {
  const other = await startWitness();
  const foreign = new MemoryLog(log.key.name);
  const notes = [log.signed(log.head), await cosignedAgo(0, other), foreign.signed(log.head)];
  for (const note of notes) {
    witness.seen.set(log.key.name, note);
    await expect(headsOf()).rejects.toMatchObject({
      name: "LogError",
      place: "the witness witness.example",
    });
  }
  await other.close();
});
