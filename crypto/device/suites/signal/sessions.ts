import * as signal from "@signalapp/libsignal-client";
import { concat, equalBytes } from "../../../wire/bytes.ts";
import type { DeviceId } from "../../../wire/ids.ts";
import { SuiteError, type PeerDevice, type PreKeyBundle } from "../../suite.ts";
import { addressOf, owned } from "./addresses.ts";
import { formerSessions, nameForFormer, putAside } from "./former-sessions.ts";
import { isRecent } from "./long-term-prekeys.ts";
import { loadSelf, type Self } from "./self.ts";
import { noteReceived, noteSent, noteStarted } from "./sending-chain.ts";
import { KyberPreKeys, NoSignedPreKeys, PreKeys, SignedPreKeys } from "./staged-prekeys.ts";
import { Identities, Sessions } from "./staged-stores.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/** @throws SuiteError untrusted_identity: another key is recorded for the device */
export async function trust(staging: Staging, peer: PeerDevice): Promise<void> {
  const name = names.peer(peer.device);
  const recorded = await staging.get(name);
  if (recorded !== undefined && !equalBytes(recorded, peer.identityKey))
    throw untrusted(peer.device);
  staging.put(name, peer.identityKey);
}

/** Returns the devices that have no session to send messages in. */
export async function withoutSession(
  staging: Staging,
  devices: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const records = await staging.getMany(devices.map(names.session));
  return devices.filter((_, index) => {
    const record = records[index];
    // libsignal lets a session that the peer never answered expire after 30 days.
    return (
      record === undefined || !signal.SessionRecord.deserialize(owned(record)).hasCurrentState()
    );
  });
}

/**
 * Runs PQXDH with a bundle as the initiator. An existing session is put aside, so what the peer sent
 * in it still opens.
 * @throws SuiteError untrusted_identity, invalid_bundle, no_identity
 */
export async function establish(
  staging: Staging,
  bundle: PreKeyBundle,
  nowMs: number,
): Promise<void> {
  const self = await loadSelf(staging);
  await assertTrusted(staging, bundle.device, bundle.identityKey);
  await putAside(staging, bundle.device, nowMs);
  await staging.call(
    () =>
      signal.processPreKeyBundle(
        nativeBundle(bundle),
        addressOf(bundle.device),
        self.address,
        new Sessions(staging),
        new Identities(staging, self),
      ),
    "invalid_bundle",
    [bundle.device],
  );
  noteStarted(staging, bundle.device, nowMs);
}

/**
 * @throws SuiteError untrusted_identity: the device is not recorded, or not with `identityKey` if
 *   it is given
 */
export async function assertTrusted(
  staging: Staging,
  device: DeviceId,
  identityKey?: Uint8Array,
): Promise<void> {
  const recorded = await staging.get(names.peer(device));
  if (recorded === undefined || (identityKey && !equalBytes(recorded, identityKey)))
    throw untrusted(device);
}

/**
 * Encrypts to one device.
 * @returns the message's type byte, then the message
 */
export async function encryptTo(
  staging: Staging,
  self: Self,
  device: DeviceId,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const message = await staging.call(
    () =>
      signal.signalEncrypt(
        owned(plaintext),
        addressOf(device),
        self.address,
        new Sessions(staging),
        new Identities(staging, self),
      ),
    "no_session",
    [device],
  );
  await noteSent(staging, device, message);
  return concat(Uint8Array.of(message.type()), message.serialize());
}

/**
 * Decrypts what `encryptTo` made on another device. It never throws `duplicate`, which concerns
 * whole messages: an old packet under a new message is a forgery and not a repetition.
 * @param nowMs milliseconds since the Unix epoch, by the local clock
 * @throws SuiteError untrusted_identity, undecryptable
 */
export async function decryptFrom(
  staging: Staging,
  self: Self,
  device: DeviceId,
  packet: Uint8Array,
  nowMs: number,
): Promise<Uint8Array> {
  const current = names.session(device);
  const attempt = (name: string, signedPreKeys: signal.SignedPreKeyStore) =>
    staging.call(
      () => decrypt(staging, self, device, packet, { name, signedPreKeys }),
      "undecryptable",
      [device],
    );
  const openIn = (name: string) => () => attempt(name, new NoSignedPreKeys(staging));
  const begin = async () => {
    const signedPreKeys = new SignedPreKeys(staging);
    if (await isLate(staging, device, packet))
      return attempt(await nameForFormer(staging, device, nowMs), signedPreKeys);
    await putAside(staging, device, nowMs);
    const plaintext = await attempt(current, signedPreKeys);
    noteStarted(staging, device, nowMs);
    return plaintext;
  };
  const former = await formerSessions(staging, device);
  // The peer may not know yet that this device uses another session to send.
  const attempts = [openIn(current), ...former.toReversed().map(openIn)];
  if (packet[0] === signal.CiphertextMessageType.PreKey) attempts.push(begin);
  try {
    const plaintext = await firstOf(attempts);
    await noteReceived(staging, device, nowMs);
    return plaintext;
  } catch (error) {
    if (error instanceof SuiteError && error.code === "duplicate")
      throw new SuiteError("undecryptable", "The key packet was opened before.", { cause: error });
    throw error;
  }
}

/**
 * Returns whether a first message comes so late that its session must only open messages. Otherwise a relay
 * that held it back for weeks could replace a fresh session with one that an old copy of a store can follow.
 */
async function isLate(staging: Staging, device: DeviceId, packet: Uint8Array): Promise<boolean> {
  if ((await withoutSession(staging, [device])).length > 0) return false;
  const message = signal.PreKeySignalMessage.deserialize(owned(packet.subarray(1)));
  return !(await isRecent(staging, message.signedPreKeyId()));
}

/**
 * Returns the result of the first attempt that succeeds.
 * @throws SuiteError of the last attempt; other errors at once
 */
async function firstOf<T>(attempts: readonly (() => Promise<T>)[]): Promise<T> {
  let failure: unknown;
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      // A store that failed says nothing about the message. It must not be given up for that.
      if (!(error instanceof SuiteError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function decrypt(
  staging: Staging,
  self: Self,
  device: DeviceId,
  packet: Uint8Array,
  {
    name,
    signedPreKeys,
  }: { readonly name: string; readonly signedPreKeys: signal.SignedPreKeyStore },
) {
  const remote = addressOf(device);
  const sessions = new Sessions(staging, () => name);
  const identities = new Identities(staging, self);
  const body = owned(packet.subarray(1));
  switch (packet[0]) {
    case signal.CiphertextMessageType.Whisper:
      await staging.getMany([name, names.peer(device), names.sendingChain(device)]);
      return signal.signalDecrypt(
        signal.SignalMessage.deserialize(body),
        remote,
        self.address,
        sessions,
        identities,
      );
    case signal.CiphertextMessageType.PreKey: {
      const message = signal.PreKeySignalMessage.deserialize(body);
      await staging.getMany([
        name,
        names.peer(device),
        names.sendingChain(device),
        names.signedPreKey(message.signedPreKeyId()),
        names.preKey(message.preKeyId() ?? 0),
      ]);
      return signal.signalDecryptPreKey(
        message,
        remote,
        self.address,
        sessions,
        identities,
        new PreKeys(staging),
        signedPreKeys,
        new KyberPreKeys(staging),
      );
    }
    default:
      throw new SuiteError("undecryptable", "The key packet has an unknown type.");
  }
}

function nativeBundle(bundle: PreKeyBundle): signal.PreKeyBundle {
  const { signedPreKey, preKey, kyberPreKey } = bundle;
  const publicKey = (bytes: Uint8Array) => signal.PublicKey.deserialize(owned(bytes));
  return signal.PreKeyBundle.new(
    bundle.registrationId,
    1,
    preKey?.id ?? null,
    preKey === undefined ? null : publicKey(preKey.publicKey),
    signedPreKey.id,
    publicKey(signedPreKey.publicKey),
    owned(signedPreKey.signature),
    publicKey(bundle.identityKey),
    kyberPreKey.id,
    signal.KEMPublicKey.deserialize(owned(kyberPreKey.publicKey)),
    owned(kyberPreKey.signature),
  );
}

const untrusted = (device: DeviceId): SuiteError =>
  new SuiteError("untrusted_identity", "The device's identity key is not the certified one.", {
    devices: [device],
  });
