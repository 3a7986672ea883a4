/** A customer's device that takes the copy of their data, in a process that can be killed. */
import { exportFolder } from "../../client/index.node.ts";
import type { CaseId, Given } from "../../client/index.ts";
import { connectDevice } from "./connect-device.ts";

/** What the process is told, as JSON in its only argument. */
export interface ExportTask {
  readonly url: string;
  /** A customer's token and the short name of their tenant. */
  readonly tenant: string;
  readonly token: string;
  readonly store: string;
  /** The key of the store, in hexadecimal. */
  readonly key: string;
  readonly address: string;
  readonly request: Given<CaseId>;
  readonly folder: string;
  readonly recipient: string;
}

/** What the process says, one JSON text a line. */
export interface ExportReport {
  /** Events that are written; in the last line, the size of the process at its largest, in KiB. */
  readonly written?: number;
  readonly events?: number;
  readonly peakKiB?: number;
}

const task = JSON.parse(process.argv[2] ?? "") as ExportTask;
const say = (report: ExportReport): void =>
  void process.stdout.write(`${JSON.stringify(report)}\n`);
const { url, store, address, tenant, token } = task;
const home = { folder: store, key: Buffer.from(task.key, "hex"), address };
const credentials = { grant: "customer_token", tenant, token: async () => token } as const;
const { sealdesk } = await connectDevice(url, home, credentials);
const target = await exportFolder(task.folder, { recipient: task.recipient });
await sealdesk.rights.export(task.request, target, {
  onProgress: ({ written, events }) => say({ written, ...(events !== undefined && { events }) }),
});
await sealdesk.close();
say({ peakKiB: process.resourceUsage().maxRSS });
