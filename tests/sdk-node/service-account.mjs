// The whole service-account flow as the SDK does it by itself: a JWT signed with an authorized key, exchanged for a
// token at its fixed IAM host, then writes to its fixed marketplace host; both led to one server by a CONNECT proxy.
//
//   node service-account.mjs --server 127.0.0.1:8443 --ca ca.pem --publisher-key key.json --customer-key key.json \
//     --instance ID --sku ID --other-sku ID --image-product ID --image-sku ID --image-other-sku ID
//
// The keys are authorized key files with their six members.
import { readFileSync } from 'node:fs';
import { allOk, checkEveryReason, checkOneRecord, checkRefusal, record } from './cases.mjs';
import { forgetProxies, idDefaults, readOptions, run, splitIds } from './command.mjs';
import { startConnectProxy } from './connect-proxy.mjs';

const expectedHosts = ['iam.api.cloud.yandex.net:443', 'marketplace.api.cloud.yandex.net:443'];

await run(async () => {
  const options = readOptions({
    server: undefined, ca: undefined, 'publisher-key': undefined, 'customer-key': undefined, ...idDefaults,
  });
  const hosts = {};
  const proxy = await startConnectProxy(options.server, (target) => { hosts[target] = (hosts[target] ?? 0) + 1; });
  forgetProxies();
  process.env.grpc_proxy = `http://127.0.0.1:${proxy.port}`;
  process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH = options.ca;
  const { Session, imageProductUsage, olderImageProductUsage, productUsage } = await import('./services.mjs');

  const ids = splitIds(options);
  const logIn = (serviceAccountJson) => new Session({ serviceAccountJson });
  const publisherKey = readKey(options.publisherKey);
  const publisher = logIn(publisherKey);
  const customer = logIn(readKey(options.customerKey));
  const services = {
    productUsage: await checkOneRecord(productUsage(publisher), ids.product),
    productUsageReasons: await checkEveryReason(productUsage(publisher), ids.product),
    imageProductUsage: await checkOneRecord(imageProductUsage(customer), ids.image),
    olderImageProductUsage: await checkOneRecord(olderImageProductUsage(customer), ids.image),
    unknownKey: await checkRefusal(
      () => productUsage(logIn({ ...publisherKey, accessKeyId: 'no-such-key' }))(false, ids.product.owner, [record(ids.product)]),
      'UNAUTHENTICATED'),
  };
  const hostsReached = { ok: expectedHosts.every((host) => hosts[host] > 0) && Object.keys(hosts).length === expectedHosts.length, hosts };
  return { ok: allOk(services) && hostsReached.ok, services, hostsReached };
});

function readKey(path) {
  const { id, service_account_id: serviceAccountId, private_key: privateKey } = JSON.parse(readFileSync(path, 'utf8'));
  return { serviceAccountId, accessKeyId: id, privateKey };
}
