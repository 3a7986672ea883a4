import { saidBy, type Said } from "./attack-test.ts";
import { runSealdesk } from "./sealdesk-command.ts";
import type { TestServer } from "./server.ts";
import { until } from "./until.ts";

/** A change by SQL, which the comparison of the database with the log finds. */
export interface Change {
  /** What an administrator of the database does, and how it is put right. */
  readonly meddle: () => string;
  readonly putRight: () => string;
  /** What a person is told. */
  readonly told: () => RegExp;
}

/** Returns whether `/readyz` warns that the database differs from a log. */
export const isWarned = async ({ url }: TestServer): Promise<boolean> =>
  (await (await fetch(`${url}/readyz`)).text()).includes("audit_state_differs");

const differs = async (server: TestServer) =>
  /^sealdesk_audit_state_differs (\d+)$/m.exec(await server.scrape())?.[1];

/** Makes a change. The node must tell it, and nothing once it is put right. */
export async function nodeFinds(
  server: TestServer,
  { meddle, putRight, told }: Change,
  whileChanged: () => Promise<void> = () => Promise.resolve(),
): Promise<Said> {
  const sql = (text: string) => server.database.owner.query(text);
  await until(async () => !(await isWarned(server)));
  const said = await saidBy(server, "audit_state_differs", () => sql(meddle()));
  const many = await differs(server);
  await whileChanged();
  await sql(putRight());
  await until(async () => !(await isWarned(server)));
  expect(said.text).toMatch(told());
  expect(many).toBe("1");
  expect(await differs(server)).toBe("0");
  return said;
}

/** Requires that `sealdesk audit reconcile` tells these changes of the tenant. */
export async function commandTells(server: TestServer, changes: readonly Change[]): Promise<void> {
  const args = ["audit", "reconcile", "--tenant", server.tenant.slug];
  const { code, out } = await runSealdesk(server, args);
  for (const { told } of changes) expect(out).toMatch(told());
  expect(code).toBe(1);
}
