import type { Uuid } from "../../../wire/uuid.ts";

/** Names of this suite's records in the device store. */
export const names = {
  self: "signal!self",
  longTermPreKeys: "signal!long-term-prekeys",
  retiredPreKeys: "signal!retired-prekeys",
  nextPreKeyId: "signal!next-prekey-id",
  preKey: (id: number) => `signal!prekey!${id}`,
  signedPreKey: (id: number) => `signal!signed-prekey!${id}`,
  kyberPreKey: (id: number) => `signal!kyber-prekey!${id}`,
  /** What the names of a last-resort prekey's uses begin with. */
  kyberPreKeyUses: (id: number) => `signal!kyber-use!${id}!`,
  kyberPreKeyUse: (id: number, signedPreKey: number, baseKeyHex: string) =>
    `signal!kyber-use!${id}!${signedPreKey}!${baseKeyHex}`,
  peer: (device: Uuid) => `signal!peer!${device}`,
  session: (device: Uuid) => `signal!session!${device}`,
  ownKey: (conversation: Uuid) => `signal!own-key!${conversation}`,
  /** A sender key is kept under its place: in another conversation or epoch it is not found. */
  senderKey: (place: Place, device: Uuid, keyId: Uuid) =>
    `signal!sender-key!${place.conversation}!${place.epoch}!${device}!${keyId}`,
} as const;

/** Where a sender key may be used. */
export interface Place {
  readonly conversation: Uuid;
  readonly epoch: number;
}
