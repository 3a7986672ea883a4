import type { Conversation, Credentials, Sealdesk } from "../../../client/index.ts";
import type { ConversationId, UserId } from "../../../crypto/wire/ids.ts";
import {
  connectDevice,
  type ConnectedDevice,
  type DeviceHome,
} from "../../testkit/connect-device.ts";
import { within } from "./until.ts";

const stepMs = 60_000;

/** Who signs in where, and with what. */
export interface Owner {
  readonly name: string;
  readonly url: string;
  readonly home: DeviceHome;
  readonly credentials: Credentials;
}

/** A real device of a person: the SDK with a store on disk. */
export class Device {
  readonly #owner: Owner;
  #connected: ConnectedDevice | undefined;

  private constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Signs in on a new device. @throws SealdeskError */
  static async signIn(owner: Owner): Promise<Device> {
    const device = new Device(owner);
    await device.switchOn();
    return device;
  }

  get home(): DeviceHome {
    return this.#owner.home;
  }

  get name(): string {
    return this.#owner.name;
  }

  get sealdesk(): Sealdesk {
    if (this.#connected === undefined) throw new Error(`The device of ${this.name} is off.`);
    return this.#connected.sealdesk;
  }

  get user(): UserId {
    return this.sealdesk.user.id;
  }

  /** Opens the device again from its store. @throws SealdeskError, as the SDK does */
  async switchOn(): Promise<void> {
    const { url, home, credentials } = this.#owner;
    this.#connected ??= await connectDevice(url, home, credentials);
  }

  /** Closes the device. Only its store on disk is left. */
  async switchOff(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    await connected?.sealdesk.close();
  }

  begin(members: readonly Device[]): Promise<Conversation> {
    const users = members.map(({ user }) => user);
    const begun = this.sealdesk.openConversation({ with: users });
    return within(`Beginning a conversation on the device of ${this.name}`, begun, stepMs);
  }

  /** Returns a conversation that somebody else began, as soon as the device knows it. */
  joined(id: ConversationId): Promise<Conversation> {
    return within(`The invitation of ${this.name}`, this.#invitation(id), stepMs);
  }

  /** Returns the texts that the device has, when there are `count`, or when `mostMs` are over. */
  async heard(id: ConversationId, count: number, mostMs = stepMs): Promise<readonly string[]> {
    const texts: string[] = [];
    const signal = AbortSignal.timeout(mostMs);
    for await (const item of (await this.joined(id)).messages({ signal })) {
      if (item.kind === "message") texts.push(item.text);
      if (texts.length === count) break;
    }
    return texts;
  }

  #invitation(id: ConversationId): Promise<Conversation> {
    return new Promise((resolve) => {
      const known = this.sealdesk.conversation(id);
      if (known !== undefined) return resolve(known);
      const stop = this.sealdesk.on("conversation", (conversation) => {
        if (conversation.id !== id) return;
        stop();
        resolve(conversation);
      });
    });
  }
}

/** Returns the code with which the server or the SDK refused something; undefined if it did not. */
export async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return typeof code === "string" ? code : "error";
  }
}
