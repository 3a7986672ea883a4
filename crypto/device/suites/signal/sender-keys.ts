import * as signal from "@signalapp/libsignal-client";
import { wireLimits, type Packet } from "../../../wire/frame.ts";
import type { Uuid } from "../../../wire/uuid.ts";
import type { ConversationId } from "../../../wire/ids.ts";
import {
  SuiteError,
  type OpenRequest,
  type RotationLimits,
  type Sealed,
  type SealRequest,
} from "../../suite.ts";
import { addressOf, owned } from "./addresses.ts";
import { encodeKeyPacket, openKeyPacket } from "./key-packet.ts";
import {
  digestOfReceivers,
  dropOwnKey,
  loadOwnKey,
  isWithinLimits,
  saveOwnKey,
  type OwnKey,
} from "./own-key.ts";
import { loadSelf, type Self } from "./self.ts";
import { assertFresh } from "./sending-chain.ts";
import { decryptFrom, encryptTo, assertTrusted, withoutSession } from "./sessions.ts";
import { SenderKeys } from "./staged-stores.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/** @throws SuiteError no_session, stale_session, untrusted_identity, no_identity */
export async function seal(
  staging: Staging,
  request: SealRequest,
  limits: RotationLimits,
): Promise<Sealed> {
  const { conversation } = request;
  await staging.getMany([names.self, names.ownKey(conversation)]);
  const self = await loadSelf(staging);
  const current = await loadOwnKey(staging, conversation);
  if (current !== undefined && isWithinLimits(current, request, limits))
    return sealUnder(staging, self, request, current, []);
  if (current !== undefined) dropOwnKey(staging, self.device, conversation, current);
  const { key, packets } = await startKey(staging, self, request);
  return sealUnder(staging, self, request, key, packets);
}

/** Makes the next `seal` use a fresh key. */
export async function rotate(staging: Staging, conversation: ConversationId): Promise<void> {
  const self = await loadSelf(staging);
  const current = await loadOwnKey(staging, conversation);
  if (current !== undefined) dropOwnKey(staging, self.device, conversation, current);
}

/**
 * Makes a fresh key, and a packet with it for every device. Each key has its own id, because
 * libsignal would continue the old chain under an old id.
 */
async function startKey(staging: Staging, self: Self, request: SealRequest) {
  const { devices, without = [], withheld = [], epoch, nowMs } = request;
  const read = [names.session, names.peer, names.sendingChain];
  await staging.getMany(read.flatMap((nameOf) => devices.map(nameOf)));
  const lacking = await withoutSession(staging, devices);
  const leftOut = new Set([...without.filter((device) => lacking.includes(device)), ...withheld]);
  const needed = lacking.filter((device) => !leftOut.has(device));
  if (needed.length > 0)
    throw new SuiteError("no_session", "There are devices without a session.", {
      devices: needed,
    });
  await assertFresh(
    staging,
    devices.filter((device) => !leftOut.has(device)),
    request,
  );
  const keyId = crypto.randomUUID();
  const distribution = await staging.call(
    () =>
      signal.SenderKeyDistributionMessage.create(
        self.address,
        keyId,
        new SenderKeys(staging, request),
      ),
    "undecryptable",
  );
  const content = encodeKeyPacket(request, keyId, distribution.serialize());
  const packets: Packet[] = [];
  for (const device of devices) {
    if (leftOut.has(device)) {
      packets.push({ device, bytes: new Uint8Array(0) });
      continue;
    }
    await assertTrusted(staging, device);
    packets.push({ device, bytes: await encryptTo(staging, self, device, content) });
  }
  const key: OwnKey = {
    keyId,
    epoch,
    devices: digestOfReceivers(request),
    messages: 0,
    createdAtMs: nowMs,
  };
  return { key, packets };
}

async function sealUnder(
  staging: Staging,
  self: Self,
  request: SealRequest,
  key: OwnKey,
  packets: readonly Packet[],
): Promise<Sealed> {
  const store = new SenderKeys(staging, request);
  const message = await staging.call(
    () => signal.groupEncrypt(self.address, key.keyId, store, owned(request.plaintext)),
    "undecryptable",
  );
  saveOwnKey(staging, request.conversation, { ...key, messages: key.messages + 1 });
  return { keyId: key.keyId, ciphertext: message.serialize(), packets };
}

/**
 * Takes the sender key from the message's packet, unless the key is known. So a packet that is
 * delivered twice is opened once.
 * @throws SuiteError untrusted_identity, undecryptable, no_identity
 */
export async function acceptPacket(staging: Staging, request: OpenRequest): Promise<void> {
  const { senderDevice, keyId, packet, nowMs } = request;
  const keyName = names.senderKey(request, senderDevice, keyId);
  await staging.getMany([names.self, names.peer(senderDevice), keyName]);
  const self = await loadSelf(staging);
  // This device's own sending chain is stored under such a name. Only sending may advance it.
  if (senderDevice === self.device)
    throw new SuiteError("undecryptable", "The message names this device as its sender.");
  await assertTrusted(staging, senderDevice);
  // The sender could not use this device's prekeys, and left it out.
  if (packet === undefined || packet.length === 0) return;
  if ((await staging.get(keyName)) !== undefined) return;
  const plaintext = await decryptFrom(staging, self, senderDevice, packet, nowMs);
  const content = openKeyPacket(request, keyId, plaintext);
  await staging.call(async () => {
    const distribution = signal.SenderKeyDistributionMessage.deserialize(owned(content));
    assertKeyId(distribution.distributionId(), keyId);
    const sender = addressOf(senderDevice);
    const store = new SenderKeys(staging, request);
    await signal.processSenderKeyDistributionMessage(sender, distribution, store);
  }, "undecryptable");
}

/**
 * Refuses a message that is beyond the limits of its key before libsignal derives and keeps the
 * keys of all messages before it.
 * @throws SuiteError no_key, duplicate, undecryptable
 */
export async function open(
  staging: Staging,
  request: OpenRequest,
  limits: Pick<RotationLimits, "maxMessages">,
): Promise<Uint8Array> {
  const { senderDevice, keyId, ciphertext, keyMaxMessages = limits.maxMessages } = request;
  if (ciphertext.length > wireLimits.ciphertext)
    throw new SuiteError("undecryptable", "The message is larger than any may be.");
  const known = await staging.get(names.senderKey(request, senderDevice, keyId));
  if (known === undefined)
    throw new SuiteError("no_key", "This device was not given the message's key.");
  return staging.call(() => {
    const message = owned(ciphertext);
    const header = signal.SenderKeyMessage.deserialize(message);
    assertKeyId(header.distributionId(), keyId);
    if (header.iteration() >= keyMaxMessages)
      throw new SuiteError("undecryptable", "The message is beyond the limit of its sending key.");
    const store = new SenderKeys(staging, request);
    return signal.groupDecrypt(addressOf(senderDevice), store, message);
  }, "undecryptable");
}

/**
 * Requires that the id that the relay sees is the id inside the message, because the relay enforces
 * its limits by it.
 */
function assertKeyId(inside: Uuid, keyId: Uuid): void {
  if (inside !== keyId)
    throw new SuiteError(
      "undecryptable",
      "The message is sealed under another key than the one that it names.",
    );
}
