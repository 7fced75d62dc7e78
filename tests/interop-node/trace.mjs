// What grpc-js last did, line by line, for a case that hangs: frames received, windows, the states of calls and connections.
// To be imported before anything else that imports grpc-js, which reads its tracers from the environment at once.
process.env.GRPC_NODE_TRACE ??= 'transport,transport_flowctrl,subchannel_call,resolving_call';
const { default: grpc } = await import('@grpc/grpc-js');

const LINES = 60;
const lines = [];
const keep = (...words) => {
  lines.push(words.join(' '));
  if (lines.length > LINES) lines.shift();
};
grpc.setLogger({ error: keep, info: keep, debug: keep });
grpc.setLogVerbosity(grpc.logVerbosity.DEBUG);

export const lastSeen = () => lines.join('\n');
