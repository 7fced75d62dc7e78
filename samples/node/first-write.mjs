// Writes one usage record with the official Node SDK, and prints its verdict.
//
//   CA=metering-data/tls/ca.pem ENDPOINT=localhost:8443 TOKEN=$(./metering token create --key key.json) node first-write.mjs
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import sdk from '@yandex-cloud/nodejs-sdk';
import metering from '@yandex-cloud/nodejs-sdk/marketplace-metering-v1';

const { ProductUsageServiceClient, WriteUsageRequest } = metering.productUsageService;
const { rejectedUsageRecord_ReasonToJSON: nameOf } = metering.usageRecord;

const session = new sdk.Session({ iamToken: process.env.TOKEN, ssl: { rootCerts: readFileSync(process.env.CA) } });
const client = session.client(ProductUsageServiceClient, process.env.ENDPOINT);

const { accepted, rejected } = await client.write(WriteUsageRequest.fromPartial({
  productInstanceId: 'acme-database-first',
  usageRecords: [{ uuid: randomUUID(), skuId: 'acme-database-core-hours', quantity: 3, timestamp: new Date() }],
}));
for (const { uuid } of accepted) console.log(`${uuid} accepted`);
for (const { uuid, reason } of rejected) console.log(`${uuid} rejected: ${nameOf(reason)}`);
process.exit(rejected.length === 0 ? 0 : 1);
