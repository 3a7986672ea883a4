import * as signal from "@signalapp/libsignal-client";
import { copyOf } from "../../../wire/bytes.ts";
import type { DeviceId } from "../../../wire/ids.ts";
import { bytes, decode, encode, message, uint, type MessageOf } from "../../../wire/protobuf.ts";
import { SuiteError, type StaleSession, type UnrenewedSession } from "../../suite.ts";
import { owned } from "./addresses.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/**
 * The time for which packets are sent to a device without a fresh key exchange. Whoever copied this
 * device's store can read them for as long. It is half a day, because prekeys are on offer for half a
 * day too: after a day, a copy of either side's store opens nothing new.
 */
const longestMs = 12 * 3_600_000;
/**
 * The number of packets after which a fresh exchange is due, whatever the time is. libsignal keeps the
 * keys of 2,000 packets that a receiver skips. A device in 80 conversations sends fewer in half a day, one
 * for each hour and conversation.
 */
const mostPackets = 1_000;

/** Record: the chain in which this device sends to another device. */
const sendingChain = message({
  /** Since when the chain exists, by the local clock. It began with a fresh exchange. */
  sinceMs: [1, uint()],
  /** The number of packets that were sent in it. */
  packets: [2, uint()],
  /** This device's public ratchet key of the chain. Empty before the first packet. */
  ratchetKey: [3, bytes(33)],
  /** When the first attempt to renew the session failed. 0 if none did. */
  failingSinceMs: [4, uint()],
});
type SendingChain = MessageOf<typeof sendingChain>;

/** Returns 0 for a time in the future. The clock was set back, so the time is not known. */
const knownTime = (timeMs: number, nowMs: number): number => (timeMs > nowMs ? 0 : timeMs);

const isStale = ({ sinceMs, packets }: SendingChain, nowMs: number): boolean =>
  // The age is unknown if the clock was set back.
  nowMs < sinceMs || nowMs - sinceMs >= longestMs || packets >= mostPackets;

/** Returns those of `devices` with a session in which no fresh exchange took place for too long. */
export async function staleSessions(
  staging: Staging,
  devices: readonly DeviceId[],
  nowMs: number,
): Promise<readonly StaleSession[]> {
  const sessions = await staging.getMany(devices.map(names.session));
  await staging.getMany(devices.map(names.sendingChain));
  const stale: StaleSession[] = [];
  for (const [index, device] of devices.entries()) {
    if (sessions[index] === undefined) continue;
    const chain = (await load(staging, device)) ?? newChain(0);
    if (isStale(chain, nowMs)) stale.push({ device, sinceMs: knownTime(chain.sinceMs, nowMs) });
  }
  return stale;
}

/**
 * Requires that keys may be sent to `devices` in the sessions that they have.
 * @throws SuiteError stale_session
 */
export async function assertFresh(
  staging: Staging,
  devices: readonly DeviceId[],
  { nowMs, unrenewed = [] }: { readonly nowMs: number; readonly unrenewed?: readonly DeviceId[] },
): Promise<void> {
  const stale = (await staleSessions(staging, devices, nowMs)).map(({ device }) => device);
  const due = stale.filter((device) => !unrenewed.includes(device));
  if (due.length > 0)
    throw new SuiteError("stale_session", "There are sessions to renew.", { devices: due });
}

/**
 * Notes that sessions with `devices` could not be renewed. A fresh exchange clears the note.
 * @returns those that are still stale, with the time of the first failure
 */
export async function noteUnrenewed(
  staging: Staging,
  devices: readonly DeviceId[],
  nowMs: number,
): Promise<readonly UnrenewedSession[]> {
  const unrenewed: UnrenewedSession[] = [];
  for (const session of await staleSessions(staging, devices, nowMs)) {
    const chain = (await load(staging, session.device)) ?? newChain(0);
    const failingSinceMs = knownTime(chain.failingSinceMs, nowMs) || nowMs;
    save(staging, session.device, { ...chain, failingSinceMs });
    unrenewed.push({ ...session, failingSinceMs });
  }
  return unrenewed;
}

/** Notes that a session with `device` was started. */
export const noteStarted = (staging: Staging, device: DeviceId, nowMs: number): void =>
  save(staging, device, newChain(nowMs));

/**
 * Notes that a packet of `device` was opened in the session to send in. If that made a fresh exchange,
 * this device now sends in a chain of another ratchet key.
 */
export async function noteReceived(
  staging: Staging,
  device: DeviceId,
  nowMs: number,
): Promise<void> {
  const [session, chain] = [await staging.get(names.session(device)), await load(staging, device)];
  // The age of a chain without a record stays unknown. Its session is renewed.
  if (session === undefined || chain === undefined || isSame(session, chain)) return;
  save(staging, device, newChain(nowMs));
}

/** Notes that `packet` is sent to `device`. */
export async function noteSent(
  staging: Staging,
  device: DeviceId,
  packet: signal.CiphertextMessage,
): Promise<void> {
  const chain = (await load(staging, device)) ?? newChain(0);
  const ratchetKey = chain.ratchetKey.length === 0 ? ratchetKeyOf(packet) : chain.ratchetKey;
  save(staging, device, { ...chain, ratchetKey, packets: chain.packets + 1 });
}

/** Returns whether this device still sends in `chain`. It does not know of a chain without packets. */
const isSame = (session: Uint8Array, { ratchetKey }: SendingChain): boolean =>
  ratchetKey.length === 0 ||
  signal.SessionRecord.deserialize(owned(session)).currentRatchetKeyMatches(
    signal.PublicKey.deserialize(owned(ratchetKey)),
  );

/** libsignal reads the ratchet key out of a message only to make such a report, which is not sent. */
function ratchetKeyOf(packet: signal.CiphertextMessage): Uint8Array {
  const report = signal.DecryptionErrorMessage.forOriginal(packet.serialize(), packet.type(), 0, 1);
  return report.ratchetKey()?.serialize() ?? new Uint8Array(0);
}

const newChain = (sinceMs: number): SendingChain => ({
  sinceMs,
  packets: 0,
  ratchetKey: new Uint8Array(0),
  failingSinceMs: 0,
});

async function load(staging: Staging, device: DeviceId): Promise<SendingChain | undefined> {
  const record = await staging.get(names.sendingChain(device));
  return record === undefined ? undefined : decode(sendingChain, record);
}

const save = (staging: Staging, device: DeviceId, chain: SendingChain): void =>
  staging.put(names.sendingChain(device), copyOf(encode(sendingChain, chain)));
