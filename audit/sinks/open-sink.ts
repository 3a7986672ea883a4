import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { fileSink } from "./file-sink.ts";
import type { SinkPlace } from "./parse-sinks.ts";
import type { Sink } from "./sink.ts";
import { syslogSink } from "./syslog-sink.ts";

/**
 * Creates the sink at a place. Nothing is opened before the first entries.
 * @param caFile the authorities that may certify receivers of `syslog+tls:` (RFC 5425), in PEM. It is read for each
 *   connection, so it can be replaced. Without it, those that Node.js trusts.
 */
export function openSink(place: SinkPlace, caFile?: string): Sink {
  switch (place.kind) {
    case "file":
      return fileSink(place.path);
    case "tcp":
      return syslogSink(() => connect({ host: place.host, port: place.port }));
    case "tls":
      return syslogSink(async () => {
        const ca = caFile === undefined ? undefined : await readFile(caFile);
        return connectTls({ host: place.host, port: place.port, ca, minVersion: "TLSv1.2" });
      });
    case "unix":
      return syslogSink(() => connect({ path: place.path }));
  }
}
