import { readSettings, type Settings } from "../../cli/settings.ts";
import type { TestServer } from "./server.ts";

/** What the operator's commands read from an environment like that of `server`. */
export function operatorSettings(server: TestServer, changes: Partial<Settings> = {}): Settings {
  const settings = readSettings({
    NODE_ENV: "test",
    SEALDESK_HOME: server.home,
    DATABASE_OWNER_URL: server.database.ownerUrl,
    PUBLIC_URL: server.url,
    AUDIT_ORIGIN: "sealdesk.local",
  });
  return { ...settings, ...changes };
}
