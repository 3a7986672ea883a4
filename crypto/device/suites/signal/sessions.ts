import * as signal from "@signalapp/libsignal-client";
import { concat, equalBytes } from "../../../wire/bytes.ts";
import type { DeviceId } from "../../../wire/ids.ts";
import { SuiteError, type PeerDevice, type PreKeyBundle } from "../../suite.ts";
import { addressOf, owned } from "./addresses.ts";
import { loadSelf, type Self } from "./self.ts";
import { KyberPreKeys, PreKeys, SignedPreKeys } from "./staged-prekeys.ts";
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
 * Runs PQXDH with a bundle as the initiator. An existing session is archived, so what the peer sent
 * in it still opens.
 * @throws SuiteError untrusted_identity, invalid_bundle, no_identity
 */
export async function establish(staging: Staging, bundle: PreKeyBundle): Promise<void> {
  const self = await loadSelf(staging);
  await assertTrusted(staging, bundle.device, bundle.identityKey);
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
  return concat(Uint8Array.of(message.type()), message.serialize());
}

/**
 * Decrypts what `encryptTo` made on another device. It never throws `duplicate`, which concerns
 * whole messages: an old packet under a new message is a forgery and not a repetition.
 * @throws SuiteError untrusted_identity, undecryptable
 */
export async function decryptFrom(
  staging: Staging,
  self: Self,
  device: DeviceId,
  packet: Uint8Array,
): Promise<Uint8Array> {
  const decryptIn = (nameOf: (device: DeviceId) => string) =>
    staging.call(() => decrypt(staging, self, device, packet, nameOf), "undecryptable", [device]);
  try {
    const former = await staging.namesUnder(names.formerSessions(device));
    // The peer may not know yet that this device uses another session to send.
    return await former
      .toSorted()
      .reduceRight(
        (opened, name) => opened.catch(() => decryptIn(() => name)),
        decryptIn(names.session),
      );
  } catch (error) {
    if (error instanceof SuiteError && error.code === "duplicate")
      throw new SuiteError("undecryptable", "The key packet was opened before.", { cause: error });
    throw error;
  }
}

async function decrypt(
  staging: Staging,
  self: Self,
  device: DeviceId,
  packet: Uint8Array,
  nameOf: (device: DeviceId) => string,
) {
  const remote = addressOf(device);
  const sessions = new Sessions(staging, nameOf);
  const identities = new Identities(staging, self);
  const body = owned(packet.subarray(1));
  switch (packet[0]) {
    case signal.CiphertextMessageType.Whisper:
      await staging.getMany([nameOf(device), names.peer(device)]);
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
        nameOf(device),
        names.peer(device),
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
        new SignedPreKeys(staging),
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
