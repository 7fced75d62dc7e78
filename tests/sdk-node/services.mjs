// The three Write methods behind one signature. Import this only after the environment of gRPC is set: grpc-js reads
// its root certificates when it is loaded.
import sdk from '@yandex-cloud/nodejs-sdk';
import metering from '@yandex-cloud/nodejs-sdk/marketplace-metering-v1';
import older from '@yandex-cloud/nodejs-sdk/marketplace-v1';

const callDeadlineMilliseconds = 30_000;

export const { Session } = sdk;

/** ProductUsageService of yandex.cloud.marketplace.metering.v1: the owner is a product instance. */
export function productUsage(session, endpoint) {
  const { ProductUsageServiceClient, WriteUsageRequest } = metering.productUsageService;
  return bind(session.client(ProductUsageServiceClient, endpoint), metering.usageRecord,
    (dryRun, productInstanceId, usageRecords) => WriteUsageRequest.fromPartial({ dryRun, productInstanceId, usageRecords }));
}

/** ImageProductUsageService of yandex.cloud.marketplace.metering.v1: the owner is a product. */
export const imageProductUsage = (session, endpoint) => bindImage(metering, session, endpoint);

/** ImageProductUsageService of the older yandex.cloud.marketplace.v1.metering. */
export const olderImageProductUsage = (session, endpoint) => bindImage(older, session, endpoint);

function bindImage(clients, session, endpoint) {
  const { ImageProductUsageServiceClient, WriteImageProductUsageRequest } = clients.imageProductUsageService;
  return bind(session.client(ImageProductUsageServiceClient, endpoint), clients.usageRecord,
    (validateOnly, productId, usageRecords) => WriteImageProductUsageRequest.fromPartial({ validateOnly, productId, usageRecords }));
}

// Returns write(dryRun, owner, records) -> { accepted: [uuid], rejected: [[uuid, reason]] }.
function bind(client, { rejectedUsageRecord_ReasonToJSON: nameReason }, makeRequest) {
  return async (dryRun, owner, records) => {
    const { accepted, rejected } = await client.write(makeRequest(dryRun, owner, records), { deadline: callDeadlineMilliseconds });
    return {
      accepted: accepted.map(({ uuid }) => uuid),
      rejected: rejected.map(({ uuid, reason }) => [uuid, nameReason(reason)]),
    };
  };
}
