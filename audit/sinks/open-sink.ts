import { fileSink } from "./file-sink.ts";
import type { SinkPlace } from "./parse-sinks.ts";
import type { Sink } from "./sink.ts";
import { syslogSink } from "./syslog-sink.ts";

/** Creates the sink at a place. Nothing is opened before the first entries. */
export function openSink(place: SinkPlace): Sink {
  switch (place.kind) {
    case "file":
      return fileSink(place.path);
    case "tcp":
      return syslogSink({ host: place.host, port: place.port });
    case "unix":
      return syslogSink({ path: place.path });
  }
}
