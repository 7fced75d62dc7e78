// gRPC's interop test cases with @grpc/grpc-js: node interop.mjs --server HOST:PORT [--ca FILE] [CASE...]
// Prints one line of JSON a case: {"case", "ok", "milliseconds"} and, when it failed, "error". Exit code 1 when one failed.
import { readFileSync } from 'node:fs';
import { lastSeen } from './trace.mjs';

const { cases } = await import('./cases.mjs');
const { connect } = await import('./client.mjs');

const PATIENCE_MILLISECONDS = 30_000;

const arguments_ = process.argv.slice(2);
const option = (name) => {
  const index = arguments_.indexOf(name);
  return index < 0 ? undefined : arguments_.splice(index, 2)[1];
};
const server = option('--server');
const authority = option('--ca');
if (!server) {
  console.error('usage: node interop.mjs --server HOST:PORT [--ca FILE] [CASE...]');
  process.exit(64);
}
const clients = connect(server, authority && readFileSync(authority));
const chosen = arguments_.length > 0 ? arguments_ : Object.keys(cases);
let failed = 0;
for (const name of chosen) {
  const start = performance.now();
  let error;
  const patience = setTimeout(() => {
    console.error(`${name} hangs; last seen:\n${lastSeen()}`);
    process.exit(1);
  }, PATIENCE_MILLISECONDS);
  try {
    if (!cases[name]) throw new Error('there is no such case');
    await cases[name](clients);
  } catch (thrown) {
    failed++;
    error = String(thrown?.message ?? thrown);
  }
  clearTimeout(patience);
  console.log(JSON.stringify({ case: name, ok: error === undefined, milliseconds: Math.round(performance.now() - start), error }));
}
clients.close();
process.exitCode = failed > 0 ? 1 : 0;
