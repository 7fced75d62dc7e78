// A proxy that leads every CONNECT, whatever its host, to one server: how an SDK with fixed host names is tested.
//
//   node connect-proxy.mjs --server 127.0.0.1:8443
//
// prints {"port":N} first, then {"connect":"host:port"} for each tunnel.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { pathToFileURL } from 'node:url';
import { readOptions } from './command.mjs';

/**
 * Listens on an ephemeral port of the loopback interface.
 * @param {string} server host:port that every tunnel ends at
 * @param {(target: string) => void} onConnect is told the host:port that was asked for
 */
export async function startConnectProxy(server, onConnect) {
  const colon = server.lastIndexOf(':');
  const [host, port] = [server.slice(0, colon), Number(server.slice(colon + 1))];
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', (request, client, head) => {
    onConnect(request.url);
    let stands = false;
    const tunnel = connect(port, host, () => {
      stands = true;
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.write(head);
      tunnel.pipe(client).pipe(tunnel);
    });
    tunnel.on('error', () => (stands ? client.destroy() : client.end('HTTP/1.1 502 Bad gateway\r\n\r\n')));
    client.on('error', () => tunnel.destroy());
  });
  await new Promise((resolve, reject) => proxy.once('error', reject).listen(0, '127.0.0.1', resolve));
  return { port: proxy.address().port, close: () => proxy.close() };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { server } = readOptions({ server: undefined });
  const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const { port } = await startConnectProxy(server, (target) => print({ connect: target }));
  print({ port });
}
