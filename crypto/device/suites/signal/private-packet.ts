import { concat, equalBytes } from "../../../wire/bytes.ts";
import type { Packet } from "../../../wire/frame.ts";
import { uuidToBytes } from "../../../wire/uuid.ts";
import {
  SuiteError,
  type OpenFromRequest,
  type PrivatePacketContext,
  type SealToRequest,
} from "../../suite.ts";
import { loadSelf } from "./self.ts";
import { assertFresh } from "./sending-chain.ts";
import { decryptFrom, encryptTo, assertTrusted, withoutSession } from "./sessions.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/**
 * The length of a private packet's prefix. The packet is encrypted pairwise, and its content is: 2
 * || conversation 16 || id 16 || content. A key packet begins with 1, so neither can be taken for
 * the other.
 */
const prefixBytes = 33;

const prefix = ({ conversation, id }: PrivatePacketContext): Uint8Array =>
  concat(Uint8Array.of(2), uuidToBytes(conversation), uuidToBytes(id));

/** @throws SuiteError no_session, stale_session, untrusted_identity, no_identity */
export async function sealTo(staging: Staging, request: SealToRequest): Promise<readonly Packet[]> {
  const { devices, plaintext } = request;
  await staging.getMany([names.self, ...devices.map(names.session), ...devices.map(names.peer)]);
  const self = await loadSelf(staging);
  const lacking = await withoutSession(staging, devices);
  if (lacking.length > 0)
    throw new SuiteError("no_session", "There are devices without a session.", {
      devices: lacking,
    });
  await assertFresh(staging, devices, request);
  const content = concat(prefix(request), plaintext);
  const packets: Packet[] = [];
  for (const device of devices) {
    await assertTrusted(staging, device);
    packets.push({ device, bytes: await encryptTo(staging, self, device, content) });
  }
  return packets;
}

/** @throws SuiteError untrusted_identity, undecryptable, no_identity */
export async function openFrom(staging: Staging, request: OpenFromRequest): Promise<Uint8Array> {
  const { senderDevice, packet, nowMs } = request;
  const self = await loadSelf(staging);
  await assertTrusted(staging, senderDevice);
  const plaintext = await decryptFrom(staging, self, senderDevice, packet, nowMs);
  // The pairwise encryption binds the packet to no conversation and to no receipt.
  if (!equalBytes(plaintext.subarray(0, prefixBytes), prefix(request)))
    throw new SuiteError("undecryptable", "The packet was made for another place.");
  return plaintext.slice(prefixBytes);
}
