// A client with nothing but its library's defaults, driven by lines: see tests/clients/programs.py.
// Usage: node line_client.mjs PACKAGE URL TRANSPORTS ACCESS_TOKEN ROOM_ID

import { createInterface } from "node:readline";

const [name, url, transports, token, roomId] = process.argv.slice(2);
const { io } = await import(name);
const socket = io(`${url}/group`, { auth: { token }, transports: transports.split(",") });
const first = (message) => message.data.split(" ")[0];

socket.on("connect", () => console.log("connected"));
socket.on("disconnect", (reason) => console.log(`disconnected ${reason}`));
socket.on("message_created", (message) => console.log(`heard ${first(message)}`));

for await (const line of createInterface({ input: process.stdin })) {
  const [count, prefix, length] = line.split(" ");
  for (let number = 0; number < Number(count); number += 1) {
    const data = `${prefix}${number} `.padEnd(Number(length), "x");
    const message = { room_id: roomId, client_id: `${prefix}${number}`, data };
    socket.emit("send_message", message, (answer) => {
      console.log(answer.data ? `acked ${first(answer.data)}` : `refused ${answer.error.code}`);
    });
  }
}
process.exit();
