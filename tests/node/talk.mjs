// A person on the official client: register, group, direct, history. Prints one JSON line with what happened.
// Usage: node talk.mjs URL TRANSPORTS ACCESS_TOKEN GROUP_ID PEER COUNT

import { io } from "socket.io-client";

const [url, transports, token, roomId, peer, count] = process.argv.slice(2);
const options = { auth: { token }, transports: transports.split(","), reconnection: false };
const group = io(`${url}/group`, options);
const direct = io(`${url}/direct`, options);

const connected = (socket) =>
  new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
const heard = [];
let told;
const enough = new Promise((resolve) => (told = resolve));
group.on("message_created", (message) => {
  heard.push(message.seq);
  if (heard.length === Number(count)) told();
});

await Promise.all([connected(group), connected(direct)]);
const sends = [];
for (let number = 0; number < Number(count); number += 1) {
  const payload = { room_id: roomId, client_id: `n${number}`, data: `消息 ${number} 🌍` };
  sends.push(group.timeout(60_000).emitWithAck("send_message", payload));
}
const acks = await Promise.all(sends);
await enough;
const hello = await direct.emitWithAck("send_message", { to: peer, client_id: "d", data: "hello" });
const nonsense = await group.emitWithAck("no_such_event", {});
const refused = await connected(io(`${url}/group`, { ...options, auth: {}, forceNew: true })).catch(
  (error) => ({ message: error.message, data: error.data }),
);
console.log(
  JSON.stringify({
    transport: group.io.engine.transport.name,
    acked: acks.map((ack) => ack.data.seq),
    texts: acks.map((ack) => ack.data.data),
    heard,
    hello,
    nonsense,
    refused,
  }),
);
process.exit(0);
