/** A WebSocket relay with nothing in it: socket 2n's messages go to socket 2n + 1. The upper limit. */
import { WebSocketServer, type WebSocket } from "ws";

const sockets = new Map<number, WebSocket>();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket, request) => {
  const index = Number(new URL(request.url ?? "/", "http://localhost").searchParams.get("n"));
  sockets.set(index, socket);
  socket.on("message", (data) => {
    const message = data as Buffer;
    sockets.get(index + 1)?.send(message);
    socket.send(message.subarray(0, 4));
  });
});
server.on("listening", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
});
process.on("disconnect", () => process.exit(0));
