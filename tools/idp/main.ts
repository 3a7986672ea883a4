/**
 * Runs an OpenID provider on this machine with the staff of the demo tenant, until it is stopped.
 * Arguments: its port, the client secret, and the URI for back-channel logout.
 */
import { startLocalProvider, type LocalPerson } from "./local-provider.ts";

const person = (id: string, name: string, ...groups: readonly string[]): LocalPerson => ({
  id,
  username: `${id}.at.idp`,
  name: `${name} (by the provider)`,
  groups,
});
const people = [
  person("alex", "Alex", "agents"),
  person("robin", "Robin", "agents"),
  person("sam", "Sam", "supervisors", "agents"),
  person("kim", "Kim", "admins"),
  person("nobody", "Nobody", "others"),
];

const [port = "", secret = "", backchannelLogoutUri = ""] = process.argv.slice(2);
const provider = await startLocalProvider({
  port: Number(port),
  clients: [
    {
      id: "sealdesk",
      secret,
      redirectUris: ["http://127.0.0.1/callback"],
      backchannelLogoutUri,
    },
  ],
  people: () => people,
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => void provider.close().then(() => process.exit()));
