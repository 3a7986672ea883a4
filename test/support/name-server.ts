import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A name server on this machine. */
export interface NameServer {
  /** Its address and port. */
  readonly address: string;
  /** How many questions it got. */
  readonly questions: number;
  close(): void;
}

const A = 1;

/**
 * Starts a name server (RFC 1035) that knows one address for every host.
 * @param address an IPv4 address; undefined if the server never answers
 */
export async function startNameServer(address: string | undefined): Promise<NameServer> {
  let questions = 0;
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address: from }) => {
    questions++;
    if (address !== undefined) socket.send(answerTo(question, address), port, from);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    get questions() {
      return questions;
    },
    close: () => void socket.close(),
  };
}

/** Only a question for an A record gets a record. */
function answerTo(question: Buffer, address: string): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const isA = question.readUInt16BE(end - 4) === A;
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(isA ? 1 : 0, 6);
  header.fill(0, 8);
  // A pointer to the name, the type A, the class IN, 60 seconds, and four bytes.
  const record = Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4]);
  const bytes = Buffer.from(address.split(".").map(Number));
  return Buffer.concat([header, question.subarray(12, end), ...(isA ? [record, bytes] : [])]);
}
