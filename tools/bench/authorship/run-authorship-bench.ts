import { randomBytes, randomUUID } from "node:crypto";
import * as browser from "../../../crypto/device/sodium.browser.ts";
import * as native from "../../../crypto/device/sodium.ts";
import { authorshipBytes } from "../../../crypto/wire/authorship.ts";
import { payloadCommitment } from "../../../crypto/wire/commitment.ts";
import {
  parseId,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type TenantId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { median, round } from "../statistics.ts";

/** The most that the signature may add to a send on a native device, in microseconds. */
const MOST_SIGN_MICROS = 100;
const PAYLOAD_BYTES = 200;

type Library = Pick<
  typeof native,
  "sign" | "verifySignature" | "signingKeyFromSeed" | "hmacSha256"
>;

/**
 * Measures what the signature of a message costs its sender and each receiver, beside the commitment that
 * was there before. "browser" is the code that browsers run, here in Node.
 */
export async function runAuthorshipBench(
  { seconds, rounds }: Scale,
  progress: Progress,
): Promise<Measured> {
  await native.ready;
  const libraries: Readonly<Record<string, Library>> = { node: native, browser };
  const found = new Map<string, Micros[]>(Object.keys(libraries).map((name) => [name, []]));
  for (let turn = 1; turn <= rounds; turn++)
    for (const [name, library] of Object.entries(libraries)) {
      found.get(name)?.push(measure(library, seconds / 3));
      progress(`round ${turn}: ${name}`);
    }
  const figures = Object.fromEntries(
    [...found].map(([name, all]) => [
      name,
      {
        commitMicros: round(median(all.map(({ commit }) => commit)), 1),
        signMicros: round(median(all.map(({ sign }) => sign)), 1),
        verifyMicros: round(median(all.map(({ verify }) => verify)), 1),
      },
    ]),
  );
  const value = figures["node"]?.signMicros ?? Number.NaN;
  return {
    figures: { payloadBytes: PAYLOAD_BYTES, ...figures },
    table: [
      ["library", "commit, us", "sign, us", "verify, us"],
      ...Object.entries(figures).map(([name, { commitMicros, signMicros, verifyMicros }]) => [
        name,
        commitMicros,
        signMicros,
        verifyMicros,
      ]),
    ],
    goals: [
      { name: "microseconds that a signature adds to a send", value, atMost: MOST_SIGN_MICROS },
    ],
  };
}

interface Micros {
  readonly commit: number;
  readonly sign: number;
  readonly verify: number;
}

function measure(library: Library, seconds: number): Micros {
  const { publicKey, privateKey } = library.signingKeyFromSeed(Uint8Array.from(randomBytes(32)));
  const frankingKey = Uint8Array.from(randomBytes(32));
  const payload = Uint8Array.from(randomBytes(PAYLOAD_BYTES));
  const place = {
    tenant: parseId<TenantId>(randomUUID()),
    conversation: parseId<ConversationId>(randomUUID()),
    user: parseId<UserId>(randomUUID()),
    senderDevice: parseId<DeviceId>(randomUUID()),
    epoch: 1,
    clientMessageId: parseId<MessageId>(randomUUID()),
  };
  const commitment = payloadCommitment(library.hmacSha256, frankingKey, payload);
  const signature = library.sign(authorshipBytes({ ...place, commitment }), privateKey);
  return {
    commit: micros(seconds, () => payloadCommitment(library.hmacSha256, frankingKey, payload)),
    sign: micros(seconds, () =>
      library.sign(authorshipBytes({ ...place, commitment }), privateKey),
    ),
    verify: micros(seconds, () =>
      library.verifySignature(authorshipBytes({ ...place, commitment }), signature, publicKey),
    ),
  };
}

/** Returns the CPU time of one call. Elapsed time would count others on the machine. */
function micros(seconds: number, work: () => unknown): number {
  for (let warm = 0; warm < 20; warm++) work();
  const began = process.cpuUsage();
  let [spent, count] = [0, 0];
  while (spent < seconds * 1e6) {
    for (let index = 0; index < 20; index++) work();
    count += 20;
    const { user, system } = process.cpuUsage(began);
    spent = user + system;
  }
  return spent / count;
}
