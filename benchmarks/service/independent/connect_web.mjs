// The viewer's own transports, in Node: a job over Connect (JSON and binary) and over gRPC-Web.
//
//   npm install && npm run generate && node connect_web.mjs http://127.0.0.1:50080

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { JobService } from "./gen/vox/v1/jobs_pb.js";
import { TrainingService } from "./gen/vox/v1/training_pb.js";

const baseUrl = process.argv[2];
const transports = {
  "connect, JSON": createConnectTransport({ baseUrl }),
  "connect, binary": createConnectTransport({ baseUrl, useBinaryFormat: true }),
  "gRPC-Web": createGrpcWebTransport({ baseUrl }),
};
let ok = true;
for (const [name, transport] of Object.entries(transports)) {
  const training = createClient(TrainingService, transport);
  const jobs = createClient(JobService, transport);
  const kinds = [];
  let last;
  const spec = { prompt: "a tower", source: { case: "mapId", value: "1" }, settings: { teacher: 3, steps: 3 } };
  for await (const { event } of training.startTraining({ spec })) {
    kinds.push(event.event.case);
    last = event;
  }
  let code;
  let reason = "";
  try {
    await jobs.getJob({ jobId: "none" });
  } catch (error) {
    const found = ConnectError.from(error);
    code = found.code;
    reason = found.details.map((detail) => detail.type).join(", ");
  }
  // A watcher that leaves early must reach the server as such.
  const leave = new AbortController();
  try {
    for await (const _ of training.watchJob({ jobId: last.jobId }, { signal: leave.signal })) leave.abort();
  } catch (error) {
    ok &&= ConnectError.from(error).code === Code.Canceled;
  }
  const good = kinds[0] === "accepted" && last.event.value.state === 4 && code === Code.NotFound;
  ok &&= good;
  console.log(`${name}: ${kinds.join(" ")}; unknown job: ${Code[code]} (${reason}) ${good ? "ok" : "MISSED"}`);
}
process.exit(ok ? 0 : 1);
