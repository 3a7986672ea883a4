import { approveVersion } from "../../../identity/policy/approve-version.ts";
import { draftVersion } from "../../../identity/policy/draft-version.ts";
import { Policies } from "../../../identity/policy/policies.ts";
import type { PolicyChanges } from "../../../policies/versions/policy-changes.ts";
import { newId } from "../../testkit/ids.ts";
import { median, round } from "../statistics.ts";
import { BenchDevice } from "./bench-device.ts";
import type { Site } from "./site.ts";

export interface ReachFigures {
  /** From the approval of a version until both nodes decide by it: the median in milliseconds. */
  readonly policyMs: number;
  /** From the end of a session until neither node serves it. */
  readonly revocationMs: number;
}

const isOff = (id: string): PolicyChanges => ({ off: [id], add: [] });

export async function measureReach(site: Site, turns: number): Promise<ReachFigures> {
  const agent = await signedIn(site);
  const policies: number[] = [];
  for (let turn = 0; turn < turns; turn++)
    for (const [changes, status] of [
      [isOff("staff_list.read"), 403],
      [{ off: [], add: [] }, 200],
    ] as const) {
      await putInForce(site, changes);
      policies.push(await untilBoth(site, agent, status));
    }
  const revocations: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const leaving = await signedIn(site);
    await untilBoth(site, leaving, 200);
    await leaving.request(site.nodes[0] ?? "", "DELETE", "/v1/sessions/current");
    revocations.push(await untilBoth(site, leaving, 401));
  }
  return { policyMs: round(median(policies), 1), revocationMs: round(median(revocations), 1) };
}

async function signedIn({ people, tenant, publicUrl, nodes: [node = ""] }: Site) {
  const { username, password } = await people.newAgent("Agent");
  const device = new BenchDevice(publicUrl);
  const grant = { grant: "password", tenant: tenant.slug, username, password };
  if ((await device.signIn(node, grant)) !== 201) throw new Error("A sign-in was refused.");
  return device;
}

async function putInForce({ pool, tenant }: Site, changes: PolicyChanges): Promise<void> {
  const deps = { pool, now: Date.now, policies: new Policies(), newId };
  const by = (name: string) => ({
    tenant: tenant.id,
    operator: { kind: "system", id: "operator", person: { name, source: "as" } } as const,
  });
  const proposed = { content: { changes }, reason: "a benchmark", beginsAtMs: null };
  await approveVersion(deps, by("ben"), await draftVersion(deps, by("ann"), proposed));
}

/** Asks both nodes again and again until both answer so. @returns how long it took, in milliseconds */
async function untilBoth({ nodes }: Site, device: BenchDevice, status: number): Promise<number> {
  const begin = performance.now();
  await Promise.all(
    nodes.map(async (node) => {
      while ((await device.request(node, "GET", "/v1/staff")) !== status)
        if (performance.now() > begin + 60_000) throw new Error("A node did not hear of a change.");
    }),
  );
  return performance.now() - begin;
}
