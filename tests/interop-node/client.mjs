// The clients of one server, and calls of theirs as promises.
import zlib from 'node:zlib';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../Metering.Grpc.InteropHost/Protos', import.meta.url));
const definition = loader.loadSync('grpc/testing/test.proto', { includeDirs: [protos], keepCase: true, defaults: true });
const { TestService, UnimplementedService } = grpc.loadPackageDefinition(definition).grpc.testing;

// grpc-js inflates each compressed message with a stream of its own and tells nobody: counted here.
let inflated = 0;
const { end } = zlib.Gunzip.prototype;
zlib.Gunzip.prototype.end = function countedEnd(...rest) {
  inflated++;
  return end.apply(this, rest);
};

/** How many response messages came compressed so far. */
export const inflatedCount = () => inflated;

// As large as the largest answer. Kestrel 10.0.12 now and then loses an answer on a connection whose windows were used up by the
// answer before (dotnet/aspnetcore issue 53736): a case would hang for what is not this layer's fault. Answers larger than the
// client's windows are FlowControlTests' matter.
const windows = { 'grpc-node.flow_control_window': 1024 * 1024 };

/** plain sends uncompressed, gzip compressed requests; each has its own connection. */
export function connect(server, authority) {
  const credentials = authority ? grpc.credentials.createSsl(authority) : grpc.credentials.createInsecure();
  const gzip = {
    ...windows,
    'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
    'grpc.use_local_subchannel_pool': 1,
  };
  const clients = {
    plain: new TestService(server, credentials, windows),
    gzip: new TestService(server, credentials, gzip),
    unimplemented: new UnimplementedService(server, credentials, windows),
  };
  clients.close = () => [clients.plain, clients.gzip, clients.unimplemented].forEach((client) => client.close());
  return clients;
}

/** A unary call: {response, code, details, header, trailer}. */
export const unary = (client, method, request, metadata = new grpc.Metadata()) =>
  new Promise((resolve) => {
    let header;
    let answer;
    let status;
    const settle = () => answer && status && resolve({
      response: answer.response, code: status.code, details: status.details, header, trailer: status.metadata,
    });
    const call = client[method](request, metadata, (error, response) => {
      answer = { error, response };
      settle();
    });
    call.on('metadata', (received) => { header = received; });
    call.on('status', (received) => { status = received; settle(); });
  });

/** How a call that streams responses goes on: each next() is a response, or undefined once it ended; status() is its end. */
export function listen(call) {
  const responses = [];
  const waiting = [];
  let header;
  let ended = false;
  call.on('metadata', (received) => { header = received; });
  call.on('data', (response) => (waiting.length > 0 ? waiting.shift()(response) : responses.push(response)));
  call.on('error', () => {}); // The status says the same.
  const status = new Promise((resolve) => call.on('status', (received) => {
    ended = true;
    waiting.splice(0).forEach((resolveNext) => resolveNext(undefined));
    resolve({ code: received.code, details: received.details, trailer: received.metadata });
  }));
  return {
    header: () => header,
    status: () => status,
    next: () => new Promise((resolve) => {
      if (responses.length > 0) resolve(responses.shift());
      else if (ended) resolve(undefined);
      else waiting.push(resolve);
    }),
  };
}
