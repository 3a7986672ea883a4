import type { Socket } from "node:net";
import { inTime } from "./in-time.ts";
import { SinkError } from "./sink-error.ts";
import { syslogFrame } from "./syslog-message.ts";
import { TAKE_MS, type Sink } from "./sink.ts";

/**
 * A receiver of syslog messages on a stream socket (RFC 6587), or on TLS (RFC 5425). Syslog has no acknowledgement, so each batch has a
 * connection of its own: the sink sends the end of its stream, and the batch counts only when the receiver has
 * ended the connection after that, in order. A receiver that stops before it has read everything resets the
 * connection, or ends it before the end of the batch was sent.
 * @param connect begins to connect to the receiver
 */
export const syslogSink = (connect: () => Socket | Promise<Socket>): Sink => ({
  async take(entries) {
    const socket = await connect();
    const taken = new Promise<void>((resolve, reject) => {
      let hasEnded = false;
      socket.on("error", reject);
      // The end of the receiver's stream answers the end of this one.
      socket.on("end", () => (hasEnded = socket.writableFinished));
      socket.on("close", () => {
        if (hasEnded) resolve();
        else
          reject(
            new SinkError(
              "sink_ended_early",
              "The receiver ended the connection before it had read everything. Look at the receiver's own log.",
            ),
          );
      });
    });
    // What the receiver sends is not read as anything. Without reading, its end would not be noticed.
    socket.resume();
    socket.end(Buffer.concat(entries.map(syslogFrame)));
    try {
      await inTime(taken, TAKE_MS);
    } finally {
      socket.destroy();
    }
  },
});
