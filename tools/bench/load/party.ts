import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";

/** The address of a device and its account. A load process gets no other facts about it. */
export type LinkSpec = SealdeskLinkSpec | BareLinkSpec | SocketIoLinkSpec | XmppLinkSpec;

export interface SealdeskLinkSpec {
  readonly kind: "sealdesk";
  readonly url: string;
  readonly accessToken: string;
  /** The device's key, which signs the proof. `d` is the private part. */
  readonly jwk: Readonly<Record<"kty" | "crv" | "x" | "d", string>>;
  /** The last events that the device already has. */
  readonly cursors: readonly { readonly conversation: ConversationId; readonly seq: number }[];
}

export interface BareLinkSpec {
  readonly kind: "bare";
  readonly url: string;
  readonly device: number;
  readonly cursors: readonly { readonly conversation: ConversationId; readonly seq: number }[];
}

export interface SocketIoLinkSpec {
  readonly kind: "socket.io";
  readonly url: string;
  /** The room that it joins. */
  readonly conversation: ConversationId;
}

export interface XmppLinkSpec {
  readonly kind: "xmpp";
  readonly url: string;
  readonly domain: string;
  readonly user: string;
  readonly password: string;
  /** The peer that it writes to, which stands for the conversation. */
  readonly peer: string;
  readonly conversation: ConversationId;
}

/** A conversation in which the party's first device sends and the others receive. */
export interface RoomSpec {
  readonly conversation: ConversationId;
  /** The last stored event. */
  readonly head: number;
  /** The devices that get a new sending key: those of the other links. */
  readonly others: readonly DeviceId[];
  /** A sending key that is already in use. */
  readonly keyId?: Uuid;
}

/** Devices that talk only to each other, so one load process holds all of them. */
export interface Party {
  readonly links: readonly LinkSpec[];
  readonly rooms: readonly RoomSpec[];
}

/** Size of a message's ciphertext, in bytes. */
export const BODY_BYTES = 300;
