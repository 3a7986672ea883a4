import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { S3Location } from "../../db/s3-client.ts";
import { fileSink } from "./file-sink.ts";
import type { SinkPlace } from "./parse-sinks.ts";
import type { Sink } from "./sink.ts";
import { syslogSink } from "./syslog-sink.ts";

/** What sinks of some kinds need besides their place. */
export interface SinkOptions {
  /**
   * The authorities that may certify receivers of `syslog+tls:` (RFC 5425), in PEM. It is read for each connection, so it
   * can be replaced. Without it, those that Node.js trusts.
   */
  readonly caFile?: string | undefined;
  /** The service that has the buckets of `s3:`, and for how long their objects are locked. */
  readonly s3?: (Omit<S3Location, "bucket"> & { readonly retainMs: number }) | undefined;
}

/**
 * Creates the sink at a place. It connects to nothing before the first entries. It loads the AWS SDK only for `s3:`, because the SDK is
 * large.
 * @param now milliseconds since the Unix epoch
 */
export async function openSink(
  place: SinkPlace,
  { caFile, s3 }: SinkOptions,
  now: () => number,
): Promise<Sink> {
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
    case "s3": {
      if (s3 === undefined) throw new TypeError("A sink in a bucket needs the settings of S3.");
      const { bucketSink } = await import("./bucket-sink.ts");
      return bucketSink({ ...s3, ...place, now });
    }
    case "unix":
      return syslogSink(() => connect({ path: place.path }));
  }
}
