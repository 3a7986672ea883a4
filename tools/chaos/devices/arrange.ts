import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newDeviceHome } from "../../testkit/connect-device.ts";
import type { Agent, People } from "../../testkit/people.ts";
import { tenantSlug, type Backend } from "../backend/open-backend.ts";
import type { Account, DeviceAssignment, WorkerAssignment } from "./assignment.ts";

/** The number of processes that the devices are spread over. */
const workers = 8;
/** Messages a second that all devices together try to send, and the most of one device. */
const perSecond = 100;
const perDevice = 1;
const accountsAtATime = 4;

/** Which devices exist, and which process runs them. */
export interface Arrangement {
  /** An assignment for each worker. */
  readonly files: readonly string[];
  readonly journals: readonly string[];
}

/** Creates the accounts of all devices, and an assignment for each worker, in `folder`. */
export async function arrangeDevices(
  folder: string,
  { url, home, people }: Pick<Backend, "url" | "home" | "people">,
  options: { readonly devices: number; readonly conversations: number; readonly seed: number },
): Promise<Arrangement> {
  for (const name of ["devices", "journals", "workers"]) await mkdir(join(folder, name));
  const { devices: count, conversations, seed } = options;
  const agents = await newAgents(people, count - conversations);
  const devices = Array.from({ length: count }, (_, index): DeviceAssignment => {
    const { folder: store, key, address } = newDeviceHome(join(folder, "devices"));
    const name = `device-${index}`;
    return {
      name,
      folder: store,
      key: Buffer.from(key).toString("base64"),
      address,
      account: accountOf(index, conversations, agents),
      journal: join(folder, "journals", name),
    };
  });
  const pauseMs = Math.max(1000 / perDevice, (1000 * count) / perSecond);
  const shared = { url, tenant: tenantSlug, serverHome: home, pauseMs };
  const files: string[] = [];
  for (let number = 0; number < Math.min(workers, count); number++) {
    const file = join(folder, "workers", `worker-${number}.json`);
    // The members of one conversation are spread over the workers.
    const own = devices.filter((_, index) => index % workers === number);
    const assignment: WorkerAssignment = { ...shared, seed: seed * 1009 + number, devices: own };
    await writeFile(file, JSON.stringify(assignment), { mode: 0o600 });
    files.push(file);
  }
  return { files, journals: devices.map(({ journal }) => journal) };
}

async function newAgents(people: People, count: number): Promise<readonly Agent[]> {
  const agents: Agent[] = [];
  while (agents.length < count) {
    const length = Math.min(accountsAtATime, count - agents.length);
    const made = Array.from({ length }, () => people.newAgent("Agent"));
    agents.push(...(await Promise.all(made)));
  }
  return agents;
}

/** The first devices are the customers', one for each conversation. The agents' devices follow. */
function accountOf(index: number, conversations: number, agents: readonly Agent[]): Account {
  const agent = agents[index - conversations];
  if (agent !== undefined) {
    const { username, password } = agent;
    return { kind: "agent", username, password };
  }
  const members = agents.filter((_, number) => number % conversations === index);
  return { kind: "customer", subject: randomUUID(), agents: members.map(({ user }) => user) };
}
