// Writes through every service with IAM tokens, at an endpoint of one's own.
//
//   node write.mjs --endpoint localhost:8443 --ca ca.pem \
//     --instance ID --sku ID --other-sku ID --image-product ID --image-sku ID --image-other-sku ID
//
// with METERING_PUBLISHER_TOKEN and METERING_CUSTOMER_TOKEN in the environment. --other-sku and --image-other-sku are
// active SKUs of another product. --expired-seconds (7200) and --future-seconds (600) lie outside the acceptance window.
import { readFileSync } from 'node:fs';
import { allOk, checkEveryReason, checkOneRecord, checkRefusal, checkRefusals, record } from './cases.mjs';
import { forgetProxies, idDefaults, readOptions, run, splitIds } from './command.mjs';

await run(async () => {
  const options = readOptions({
    endpoint: undefined, ca: undefined, 'publisher-token': undefined, 'customer-token': undefined, ...idDefaults,
  });
  forgetProxies();
  const { Session, imageProductUsage, olderImageProductUsage, productUsage } = await import('./services.mjs');

  const ids = splitIds(options);
  const { endpoint } = options;
  const ssl = { rootCerts: readFileSync(options.ca) };
  const publisher = new Session({ iamToken: options.publisherToken, ssl });
  const customer = new Session({ iamToken: options.customerToken, ssl });
  const stranger = new Session({ iamToken: 'not-a-token', ssl });

  const checkService = async (connect, session, serviceIds) => {
    const write = connect(session, endpoint);
    return {
      ...await checkOneRecord(write, serviceIds),
      ...await checkEveryReason(write, serviceIds),
      ...await checkRefusals(write, serviceIds),
      wrongToken: await checkRefusal(() => connect(stranger, endpoint)(false, serviceIds.owner, [record(serviceIds)]), 'UNAUTHENTICATED'),
    };
  };

  const services = {
    productUsage: await checkService(productUsage, publisher, ids.product),
    imageProductUsage: await checkService(imageProductUsage, customer, ids.image),
    olderImageProductUsage: await checkService(olderImageProductUsage, customer, ids.image),
  };
  services.productUsage.unknownInstance = await checkRefusal(
    () => productUsage(publisher, endpoint)(false, 'no-such-instance', [record(ids.product)]), 'PERMISSION_DENIED');
  return { ok: allOk(services), services };
});
