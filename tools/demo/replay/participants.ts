import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { tenantSlug, type Backend } from "../backend/open-backend.ts";
import { newDeviceHome } from "../../testkit/connect-device.ts";
import { Person } from "../device/person.ts";
import type { Plan } from "./plan.ts";
import { customer } from "./read-dialogues.ts";

/** The part of a backend that people need to sign in. */
export type ParticipantsBackend = Pick<Backend, "url" | "people" | "devicesFolder">;

/** The people of one conversation, each with a new account and device. */
export class Participants {
  readonly #backend: ParticipantsBackend;
  readonly #people = new Map<string, Person>();

  constructor(backend: ParticipantsBackend) {
    this.#backend = backend;
  }

  get everyone(): readonly Person[] {
    return [...this.#people.values()];
  }

  /** @throws Error if no participant has that name */
  called(name: string): Person {
    const person = this.#people.get(name);
    if (person === undefined) throw new Error(`nobody has the name ${name}`);
    return person;
  }

  /** Creates the accounts and devices of the first members, and begins the conversation. */
  async begin({ members }: Plan): Promise<ConversationId> {
    for (const name of members) await this.signIn(name);
    const agents = members.filter((name) => name !== customer).map((name) => this.called(name));
    const users = agents.map(({ sealdesk }) => sealdesk.user.id);
    const { id } = await this.called(customer).begin(users);
    for (const agent of agents) await agent.join(id);
    return id;
  }

  /** Signs a person in on a new device: the customer, or otherwise an agent. */
  async signIn(name: string): Promise<Person> {
    const person = await signInSomebody(this.#backend, name, name === customer);
    this.#people.set(name, person);
    return person;
  }

  async switchOffAll(): Promise<void> {
    await Promise.all(this.everyone.map((person) => person.switchOff()));
  }
}

/** Creates a new account on a new device. */
export async function signInSomebody(
  { url, people, devicesFolder }: ParticipantsBackend,
  name: string,
  isCustomer: boolean,
): Promise<Person> {
  const home = newDeviceHome(devicesFolder);
  const tenant = tenantSlug;
  if (isCustomer) {
    const token = people.newCustomer();
    return Person.signIn(name, url, home, { grant: "customer_token", tenant, token });
  }
  const { username, password } = await people.newAgent(name);
  return Person.signIn(name, url, home, { grant: "password", tenant, username, password });
}
