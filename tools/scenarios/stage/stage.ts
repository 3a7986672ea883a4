import type { Conversation, Credentials } from "../../../client/index.ts";
import { tenantSlug } from "../../demo/backend/open-backend.ts";
import { customer, readDialogues, type Dialogue } from "../../demo/replay/read-dialogues.ts";
import type { StaffRole } from "../../../policies/roles.ts";
import { newDeviceHome } from "../../testkit/connect-device.ts";
import { SeededRandom } from "../../testkit/seeded-random.ts";
import { runCommand, type CommandResult } from "./cli.ts";
import { Device } from "./device.ts";
import { introduction, inventPersona, type Persona } from "./persona.ts";
import { sampleDialogues } from "./sample-dialogues.ts";
import { Search, type Searched } from "./search.ts";
import { System, type KeyService } from "./system.ts";
import { within } from "./until.ts";

/** Tells a person what happens, one step a line. */
export type Tell = (text: string) => void;

export interface StageOptions {
  /** A CSV file whose dialogues the devices talk; undefined for those of the tool. */
  readonly file: string | undefined;
  readonly seed: number;
  /** How many messages are in a long conversation. */
  readonly messages: number;
  readonly tell: Tell;
}

/** A customer with a device. */
export interface Customer extends Device {
  readonly persona: Persona;
  /** Returns a new token, as the backend of the organisation makes it. */
  readonly token: () => Promise<string>;
}

/** What was said in a conversation. */
export interface Talked {
  readonly id: Conversation["id"];
  readonly texts: readonly string[];
}

/** A fresh server with devices on it, and the operator's command line. */
export class Stage {
  readonly random: SeededRandom;
  readonly tell: Tell;
  /** How many messages are in a long conversation. */
  readonly messages: number;
  /** Further variables of the operator's commands and of every start of the server. */
  variables: Readonly<Record<string, string>> = {};
  readonly #dialogues: readonly Dialogue[];
  readonly #devices: Device[] = [];
  readonly #personas: readonly Persona[];
  #system: System | undefined;
  #search: Search | undefined;
  #auditKey: string | undefined;
  #next: number;
  #invented = 0;

  private constructor({ seed, tell, messages }: StageOptions, dialogues: readonly Dialogue[]) {
    this.random = new SeededRandom(seed);
    this.tell = tell;
    this.messages = messages;
    this.#dialogues = dialogues;
    this.#next = this.random.below(dialogues.length);
    this.#personas = Array.from({ length: mostCustomers }, () => inventPersona(this.random));
  }

  /** @throws Error if the file of dialogues cannot be read or holds none */
  static async open(options: StageOptions): Promise<Stage> {
    const { file } = options;
    const dialogues = file === undefined ? sampleDialogues : await readDialogues(file, undefined);
    const spoken = dialogues.filter(({ lines }) => lines.length > 1);
    if (spoken.length === 0) throw new Error(`${file ?? "The tool"} holds no dialogue.`);
    return new Stage(options, spoken);
  }

  get system(): System {
    if (this.#system === undefined) throw new Error("The server was not begun.");
    return this.#system;
  }

  /** Starts the server. A scenario calls it first. */
  async begin(keyService?: KeyService): Promise<void> {
    const system = await System.make(keyService);
    this.#system = system;
    await system.start(this.variables);
    const said = this.#dialogues.flatMap(({ lines }) => lines.map(({ text }) => text));
    const personal = this.#personas.flatMap((each) => [
      introduction(each),
      each.name,
      each.email,
      each.phone,
      each.address,
    ]);
    this.#search = await Search.begin(system, [...said, ...personal]);
    this.tell("A server is started on an empty database.");
  }

  /** Signs a customer in on a new device. Their backend names them by their e-mail address. */
  async customer(persona: Persona = this.#invent()): Promise<Customer> {
    const token = this.system.people.newCustomer(persona.email);
    const credentials = { grant: "customer_token", tenant: tenantSlug, token } as const;
    const device = await this.#signIn("the customer", credentials);
    return Object.assign(device, { persona, token });
  }

  /** Signs in on a new device with one token. @throws SealdeskError */
  withToken(token: string): Promise<Device> {
    return this.#signIn("somebody", {
      grant: "customer_token",
      tenant: tenantSlug,
      token: async () => token,
    });
  }

  /** Signs a new member of staff in. */
  async staff(name: string, role: StaffRole = "agent"): Promise<Device> {
    const { username, password } = await this.system.people.newAgent(name, role);
    return this.#signIn(name, { grant: "password", tenant: tenantSlug, username, password });
  }

  /**
   * Lets a customer and an agent have the next dialogue in a new conversation, until the agent's device shows all of
   * it. The customer says first who they are.
   * @param others further members, whose devices may be off after they joined
   */
  async talk(from: Customer, to: Device, others: readonly Device[] = []): Promise<Talked> {
    const { lines } = this.#dialogues[this.#next++ % this.#dialogues.length] as Dialogue;
    const said = await from.begin([to, ...others]);
    const { id } = said;
    const answered = await to.joined(id);
    for (const other of others) {
      await other.joined(id);
      await other.switchOff();
    }
    const texts = [introduction(from.persona), ...lines.map(({ text }) => text)];
    await say(said, texts[0] ?? "");
    for (const { speaker, text } of lines) await say(speaker === customer ? said : answered, text);
    await to.heard(id, texts.length);
    return { id, texts };
  }

  /** Returns texts of the dialogues, from the beginning again if there are too few. */
  texts(count: number): readonly string[] {
    const lines = this.#dialogues.flatMap((dialogue) => dialogue.lines.map(({ text }) => text));
    return Array.from({ length: count }, (_, index) => lines[index % lines.length] ?? "");
  }

  /**
   * Runs a command as the operator.
   * @returns what it printed
   * @throws Error with its message, if it fails
   */
  sealdesk(...args: readonly string[]): Promise<string> {
    return this.tellSealdesk("", ...args);
  }

  /** The same, for a command that reads `input`. */
  async tellSealdesk(input: string, ...args: readonly string[]): Promise<string> {
    const { code, output, errors } = await this.#run(args, input);
    if (code !== 0) throw new Error(`sealdesk ${args.join(" ")} failed: ${errors.trim()}`);
    return output;
  }

  /** Runs a command that may fail. */
  attempt(...args: readonly string[]): Promise<CommandResult> {
    return this.#run(args);
  }

  #run(args: readonly string[], input?: string): Promise<CommandResult> {
    const { home, variables } = this.system;
    return runCommand(home, args, { ...variables, ...this.variables }, input);
  }

  /** Returns the key with which others verify the audit log. */
  async auditKey(): Promise<string> {
    this.#auditKey ??= (await this.sealdesk("audit", "vkey", "--tenant", tenantSlug)).trim();
    return this.#auditKey;
  }

  /** Switches all devices off, stops the server and searches everything that it kept. */
  async search(): Promise<Searched> {
    await this.#switchOff();
    if (this.#search === undefined) throw new Error("The server was not begun.");
    this.tell("Tables, files, logs and exports are searched for what was said.");
    return this.#search.end();
  }

  async close(): Promise<void> {
    await this.#switchOff().catch(() => undefined);
    await this.#system?.discard();
  }

  async #switchOff(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.switchOff()));
  }

  async #signIn(name: string, credentials: Credentials): Promise<Device> {
    const { url, devicesFolder } = this.system;
    const home = newDeviceHome(devicesFolder);
    const device = await Device.signIn({ name, url, home, credentials });
    this.#devices.push(device);
    return device;
  }

  #invent(): Persona {
    const persona = this.#personas[this.#invented++];
    if (persona === undefined) throw new Error("The scenario has too many customers.");
    return persona;
  }
}

/** The most customers of a scenario. Each is known to the search before the server is started. */
const mostCustomers = 8;

const say = (conversation: Conversation, text: string) =>
  within("Sending a message", conversation.send(text));

/** Runs `work` with a stage, which is removed afterwards, also when the process is told to end. */
export async function withStage<T>(
  options: StageOptions,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = await Stage.open(options);
  const leave = () => void stage.close().finally(() => process.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, leave);
  try {
    return await work(stage);
  } finally {
    for (const signal of signals) process.off(signal, leave);
    await stage.close();
  }
}
