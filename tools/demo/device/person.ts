import type { Conversation, Credentials, Sealdesk } from "../../../client/index.ts";
import {
  nilId,
  type UserId,
  type DeviceId,
  type ConversationId,
} from "../../../crypto/wire/ids.ts";
import {
  connectDevice,
  type ConnectedDevice,
  type DeviceHome,
} from "../../testkit/connect-device.ts";
import type { Sent, Shown } from "../replay/verdict.ts";

const stepMs = 60_000;

/** A person with one device who reads along in one conversation. */
export class Person {
  /** The person's name, for error messages. */
  readonly name: string;
  readonly home: DeviceHome;
  /** The messages that the device has shown so far, in that order. */
  readonly shown: Shown[] = [];
  /** Problems that the device reported. */
  readonly problems: string[] = [];
  readonly #url: string;
  readonly #credentials: Credentials;
  #id: DeviceId = nilId();
  #device: ConnectedDevice | undefined;
  #conversation: Conversation | undefined;
  #latestSeq = 0;
  #reading: Promise<void> = Promise.resolve();
  #onShown: () => void = () => undefined;

  private constructor(name: string, url: string, home: DeviceHome, credentials: Credentials) {
    this.name = name;
    this.#url = url;
    this.home = home;
    this.#credentials = credentials;
  }

  /**
   * Signs in on a new device.
   * @throws SealdeskError
   */
  static async signIn(
    name: string,
    url: string,
    home: DeviceHome,
    credentials: Credentials,
  ): Promise<Person> {
    const person = new Person(name, url, home, credentials);
    await person.#switchOn();
    return person;
  }

  get sealdesk(): Sealdesk {
    if (this.#device === undefined) throw new Error(`${this.name}'s device is switched off`);
    return this.#device.sealdesk;
  }

  /** Returns the device's id. */
  get device(): DeviceId {
    return this.#id;
  }

  get isAway(): boolean {
    return this.#device === undefined;
  }

  /** Begins a conversation with these users, and reads along. */
  async begin(users: readonly UserId[]): Promise<Conversation> {
    const begun = this.sealdesk.openConversation({ with: users });
    const conversation = await within(stepMs, `${this.name}'s beginning`, begun);
    this.#read(conversation);
    return conversation;
  }

  /** Reads along from the beginning in a conversation that somebody else began. */
  async join(id: ConversationId): Promise<void> {
    this.#read(await within(stepMs, `${this.name}'s invitation`, this.#invitation(id)));
  }

  async say(text: string): Promise<Sent> {
    const { id } = await within(stepMs, `${this.name}'s message`, this.#here.send(text));
    return { id, sender: this.sealdesk.user.id, text };
  }

  addMember(user: UserId): Promise<void> {
    return within(stepMs, `${this.name}'s adding a member`, this.#here.addMember(user));
  }

  /** Breaks the connection. The SDK makes another by itself. */
  loseConnection(): void {
    this.#device?.cut();
  }

  /** Closes the device completely. Only its store on disk is left. */
  async switchOff(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    await device?.sealdesk.close();
    await this.#reading;
  }

  /** Opens the device again from its store, and reads on after the message shown last. */
  async switchOnAgain(): Promise<void> {
    if (this.#device !== undefined) return;
    await this.#switchOn();
    const id = this.#conversation?.id;
    const conversation = id === undefined ? undefined : this.sealdesk.conversation(id);
    if (conversation === undefined) throw new Error(`${this.name}'s device forgot`);
    this.#read(conversation);
  }

  /** Resolves when this many messages have been shown, or after `limitMs`. */
  async hasShown(count: number, limitMs: number): Promise<void> {
    const deadlineMs = Date.now() + limitMs;
    while (this.shown.length < count && Date.now() < deadlineMs)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs - Date.now());
        this.#onShown = () => {
          clearTimeout(timer);
          resolve();
        };
      });
  }

  get #here(): Conversation {
    if (this.#conversation === undefined) throw new Error(`${this.name} is in no conversation`);
    return this.#conversation;
  }

  async #switchOn(): Promise<void> {
    const connected = connectDevice(this.#url, this.home, this.#credentials);
    this.#device = await within(stepMs, `${this.name}'s signing in`, connected);
    this.#id = this.sealdesk.device;
  }

  #invitation(id: ConversationId): Promise<Conversation> {
    return new Promise((resolve) => {
      const stop = this.sealdesk.on("conversation", (conversation) => {
        if (conversation.id !== id) return;
        stop();
        resolve(conversation);
      });
      const known = this.sealdesk.conversation(id);
      if (known === undefined) return;
      stop();
      resolve(known);
    });
  }

  #read(conversation: Conversation): void {
    this.#conversation = conversation;
    this.#reading = this.#show(conversation).catch((error: unknown) => {
      this.problems.push(`${this.name}: ${String(error)}`);
    });
  }

  async #show(conversation: Conversation): Promise<void> {
    for await (const item of conversation.messages({ after: this.#latestSeq })) {
      if (item.kind === "problem") this.problems.push(`${this.name}: ${item.code} at ${item.seq}`);
      if (item.kind !== "message") continue;
      const { id, sender, text, seq } = item;
      this.shown.push({ id, sender, text });
      this.#latestSeq = seq;
      this.#onShown();
    }
  }
}

/**
 * Waits for `work` for a limited time.
 * @param what names who does what, for the error
 * @throws Error with that text, if it fails or takes longer than `limitMs`
 */
async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took over ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${what} failed: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
