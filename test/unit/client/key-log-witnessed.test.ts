import { nodeChecks } from "../../../audit/node-checks.ts";
import { parseCheckpointText, type Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { cosignature, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import { formatSignature, formatVkey, KEY_TYPES, parseNote } from "../../../audit/verify/note.ts";
import { quorumOf } from "../../../audit/verify/witness-policy.ts";
import { KeyLog } from "../../../client/key-log/key-log.ts";
import { loadEvidence } from "../../../client/key-log/evidence.ts";
import { loadKeptHead } from "../../../client/key-log/kept-head.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { newSigner } from "../../support/audit-log.ts";
import { approvers } from "../../support/approvers.ts";
import { entries, setUp, user } from "./key-log-device.ts";

await ready;

const { sha256 } = nodeChecks;
const minute = 60_000;

const newWitness = (name: string) => {
  const signer = newSigner();
  const key = { name, type: KEY_TYPES.cosignature, publicKey: signer.publicKey };
  return { signer, key, vkey: formatVkey(sha256, key) };
};
type Witness = ReturnType<typeof newWitness>;

/** The note with the cosignatures of these witnesses. */
async function cosigned(note: string, by: readonly Witness[], signed = note): Promise<string> {
  let lines = "";
  for (const { signer, key } of by) {
    const signature = await signer.sign(cosignedBytes(parseNote(signed).text, 1_700_000_000));
    lines += formatSignature(cosignature(sha256, key, 1_700_000_000, signature));
  }
  return note + lines;
}

/** A device that requires two of three witnesses, and a server that shows it any head. */
async function witnessed(quorum = 2) {
  const witnesses = ["one", "two", "three"].map(newWitness);
  const device = await setUp(approvers, { keys: witnesses.map(({ vkey }) => vkey), quorum });
  return {
    ...device,
    witnesses,
    /** @returns "accepted", or the code of the refusal */
    shows: async (head: Omit<Checkpoint, "origin">, by: readonly Witness[]) => {
      device.shown.checkpoint = await cosigned(device.log.signed(head), by);
      return device.keyLog.historyOf(user).then(
        () => "accepted",
        (error: { readonly code?: string }) => error.code,
      );
    },
  };
}

const keptSize = async ({ store }: Pick<Awaited<ReturnType<typeof witnessed>>, "store">) => {
  const head = await store.read(loadKeptHead);
  return head?.note && parseCheckpointText(parseNote(head.note).text).size;
};

test("a head is used once a quorum of the named witnesses cosigned it", async () => {
  const device = await witnessed();
  const { log, witnesses, shows, alarms, unwitnessed } = device;
  const [one, two, three] = witnesses as [Witness, Witness, Witness];
  const stranger = newWitness("stranger");
  expect(await shows(log.head, [])).toBe("key_log_not_witnessed");
  expect(await shows(log.head, [one])).toBe("key_log_not_witnessed");
  expect(await shows(log.head, [one, one])).toBe("key_log_not_witnessed");
  expect(await shows(log.head, [one, stranger])).toBe("key_log_not_witnessed");
  expect(await keptSize(device)).toBeUndefined();
  expect(await shows(log.head, [two, three])).toBe("accepted");
  expect(await keptSize(device)).toBe(60);
  expect([alarms, unwitnessed]).toEqual([[], []]);
});

test("a cosignature of another head, by another key or of another name does not count", async () => {
  const { log, witnesses, shown, keyLog } = await witnessed();
  const [one, two] = witnesses as [Witness, Witness, Witness];
  const now = log.signed(log.head);
  const earlier = log.signed(log.again(entries(0, 50)).head);
  const impostor = { ...newWitness("two"), key: two.key };
  for (const other of [
    await cosigned("", [two], earlier),
    await cosigned("", [impostor], now),
    await cosigned("", [{ ...two, key: { ...two.key, name: "four" } }], now),
  ]) {
    shown.checkpoint = (await cosigned(now, [one])) + other;
    await expect(keyLog.historyOf(user)).rejects.toMatchObject({ code: "key_log_not_witnessed" });
  }
  shown.checkpoint = await cosigned(now, [one, two]);
  await keyLog.historyOf(user);
});

test("a missing quorum is told once after minutes, and again when it is missing again", async () => {
  const { log, witnesses, shows, time, unwitnessed } = await witnessed();
  time.nowMs = minute;
  await shows(log.head, []);
  time.nowMs = 4 * minute - 1;
  await shows(log.head, []);
  expect(unwitnessed).toEqual([]);
  time.nowMs = 4 * minute;
  await shows(log.head, []);
  await shows(log.head, []);
  expect(unwitnessed).toEqual([{ sinceMs: minute }]);
  expect(await shows(log.head, witnesses)).toBe("accepted");
  log.append(entries(60, 61));
  await shows(log.head, []);
  time.nowMs = 9 * minute;
  await shows(log.head, []);
  expect(unwitnessed).toEqual([{ sinceMs: minute }, { sinceMs: 4 * minute }]);
});

test("an older cosigned head than the stored one is no proof against the server, and is not used", async () => {
  const { log, shown, store, alarms, deps, vkey, witnesses } = await witnessed();
  const old = await cosigned(log.signed(log.head), witnesses);
  log.append(entries(60, 70));
  // The store has a newer head from before the application required witnesses.
  shown.checkpoint = log.signed(log.head);
  await (await KeyLog.load({ ...deps, witnesses: undefined }, vkey)).historyOf(user);
  shown.checkpoint = old;
  const requiring = await KeyLog.load(deps, vkey);
  await expect(requiring.historyOf(user)).rejects.toMatchObject({ code: "key_log_not_witnessed" });
  shown.checkpoint = await cosigned(log.signed(log.head), witnesses);
  await requiring.historyOf(user);
  expect([alarms, await store.read(loadEvidence)]).toEqual([[], []]);
});

test("cosignatures do not hide a fork: two heads that do not fit are evidence", async () => {
  const { log, witnesses, shows, shown, keyLog, alarms } = await witnessed();
  expect(await shows(log.head, witnesses)).toBe("accepted");
  const other = log.again([...entries(0, 50), ...entries(100, 130)]);
  shown.from = other;
  shown.checkpoint = await cosigned(other.signed(other.head), witnesses);
  await expect(keyLog.historyOf(user)).rejects.toMatchObject({ code: "key_log_inconsistent" });
  expect(alarms).toHaveLength(1);
});

test("a policy names different witnesses with keys of witnesses, and no more than there are", () => {
  const [one, two] = [newWitness("one"), newWitness("two")];
  const refused = (keys: readonly string[], quorum: number) =>
    expect(() => quorumOf(sha256, { keys, quorum })).toThrow();
  refused([], 1);
  refused([one.vkey], 0);
  refused([one.vkey], 2);
  refused([one.vkey], 1.5);
  refused([one.vkey, one.vkey], 1);
  refused([one.vkey, formatVkey(sha256, { ...one.key, name: "again" })], 2);
  refused([formatVkey(sha256, { ...one.key, type: KEY_TYPES.ed25519 })], 1);
  refused(
    Array.from({ length: 17 }, (_, at) => newWitness(`w${at}`).vkey),
    1,
  );
  expect(quorumOf(sha256, { keys: [one.vkey, two.vkey], quorum: 2 }).witnesses.size).toBe(2);
});
