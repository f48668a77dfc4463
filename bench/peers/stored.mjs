// Socket.IO with MongoDB doing the measured server's job: `node stored.mjs URI SECRET [batched]`.
//
// Who enters is known by their token and their session; their rooms are read from the database. A
// message is stored, journaled by a majority, before it is pushed and acked: one insert for each
// message, as one would write it, or with `batched` one insert for all that came during the last one.
// One unique index against the measured server's two: less work for the database, in this one's
// favour. The seq of a room is counted in memory: right for a single process that starts with an empty
// log, as here, and one read less.

import { createHmac, timingSafeEqual } from "node:crypto";
import { MongoClient, ObjectId } from "mongodb";
import { messageOf, start } from "./talk.mjs";

const [uri, secret, mode] = process.argv.slice(2);
const client = new MongoClient(uri, { writeConcern: { w: "majority", journal: true } });
const db = (await client.connect()).db();
const messages = db.collection(`bench_message_${process.pid}_${Date.now()}`); // empty at every start
await messages.createIndex({ room: 1, seq: 1 }, { unique: true });

function claimsOf(token) {
  const [head, body, signature] = token.split(".");
  const right = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new Error("unauthorized");
  if (claims.type !== "access" || claims.exp * 1000 < Date.now()) throw new Error("unauthorized");
  return claims;
}

async function roomsOf(auth, kind) {
  const claims = claimsOf(auth.token);
  const userId = new ObjectId(claims.sub);
  const session = await db.collection("session").findOne({
    _id: new ObjectId(claims.sid),
    user_identity: userId,
    ended_at: null,
    expires_at: { $gt: new Date() },
  });
  const found = session && (await db.collection("user").findOne({ _id: userId }));
  if (!found) throw new Error("unauthorized");
  const memberships = await db.collection("user_room").find({ user_identity: userId }).toArray();
  const ids = memberships.map((membership) => membership.room_identity);
  const rooms = await db.collection("room").find({ _id: { $in: ids } }).toArray();
  return {
    user: { id: claims.sub, objectId: userId, username: found.username },
    rooms: rooms.filter((room) => room.kind === kind).map((room) => room._id.toHexString()),
  };
}

const heads = new Map(); // room id -> last seq given out

function nextSeq(roomId) {
  const seq = (heads.get(roomId) ?? 0) + 1;
  heads.set(roomId, seq);
  return seq;
}

let waiting = [];
let storing = false;

async function insertBatched(document) {
  const stored = new Promise((resolve, reject) => waiting.push({ document, resolve, reject }));
  if (!storing) {
    storing = true;
    while (waiting.length) {
      const batch = waiting;
      waiting = [];
      try {
        await messages.insertMany(batch.map((one) => one.document), { ordered: true });
        batch.forEach((one) => one.resolve());
      } catch (error) {
        batch.forEach((one) => one.reject(error));
      }
    }
    storing = false;
  }
  return stored;
}

const insert = mode === "batched" ? insertBatched : (document) => messages.insertOne(document);

async function store(user, payload) {
  const id = new ObjectId();
  const message = messageOf(id.toHexString(), user, payload, nextSeq(payload.room_id));
  await insert({
    _id: id,
    room: new ObjectId(payload.room_id),
    user: user.objectId,
    seq: message.seq,
    client_id: message.client_id,
    kind: message.kind,
    data: message.data,
    created_at: message.created_at,
    updated_at: message.updated_at,
  });
  return message;
}

start({ roomsOf, store });
