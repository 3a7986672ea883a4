import { connect, type NetConnectOpts } from "node:net";
import { syslogFrame } from "./syslog-message.ts";
import { TAKE_MS, type Sink } from "./sink.ts";

/**
 * A receiver of syslog messages on a stream socket (RFC 6587). Syslog has no acknowledgement, so each batch has a
 * connection of its own: the sink sends the end of its stream, and the batch counts only when the receiver has
 * ended the connection too, in order. A receiver that stops before it has read everything resets the
 * connection.
 */
export const syslogSink = (place: NetConnectOpts): Sink => ({
  take: (entries) =>
    new Promise((resolve, reject) => {
      const socket = connect(place);
      let hasEnded = false;
      socket.setTimeout(TAKE_MS, () => socket.destroy(new Error("The receiver is too slow.")));
      socket.on("error", reject);
      socket.on("end", () => (hasEnded = true));
      socket.on("close", () => {
        if (hasEnded && socket.writableFinished) resolve();
        else reject(new Error("The receiver ended the connection too early."));
      });
      // What the receiver sends is not read as anything. Without reading, its end would not be noticed.
      socket.resume();
      socket.end(Buffer.concat(entries.map(syslogFrame)));
    }),
});
