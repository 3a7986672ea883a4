import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readAgreements } from "../../../identity/authority/process/agreements.ts";
import { authorityListener } from "../../../identity/authority/process/authority-listener.ts";
import { readStaffList } from "../../../identity/authority/process/staff-list.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import type { Print } from "../../output.ts";
import type { AuthoritySettings } from "./authority-settings.ts";

/** Runs the authority until it is stopped. Put a TLS proxy in front of it if the server is elsewhere. */
export async function runAuthority(
  settings: AuthoritySettings,
  { host, port }: { readonly host: string; readonly port: string },
  print: Print,
): Promise<void> {
  const secret = settings.secret();
  const { kms } = await openKms(settings.kms());
  const listener = authorityListener({
    kms,
    secret,
    staff: () => readStaffList(settings.home),
    agreements: () => readAgreements(settings.home),
    now: Date.now,
    onError: (error) =>
      void process.stderr.write(`${error instanceof Error ? error.message : "failed"}\n`),
  });
  const server = createServer(listener);
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  // The authority keeps serving when its output is not read.
  await print(`listening on http://${host}:${bound}`).catch(() => undefined);
  await new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  });
  server.close();
  server.closeAllConnections();
  await kms.close();
}
