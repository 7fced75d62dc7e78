// What is written and what must come back: the same for every service, whichever way the SDK reaches the server.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

const statusNames = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS',
  'UNAUTHENTICATED',
];
const mostRecords = 25;

/** A record that is accepted unless something in `faults` spoils it. */
export const record = (ids, faults = {}) => ({ uuid: randomUUID(), skuId: ids.sku, quantity: 7, timestamp: new Date(), ...faults });

/** Dry run, write, the same again, and the same uuid in capitals: one record, counted once. */
export async function checkOneRecord(write, ids) {
  const once = record(ids);
  const capitals = { ...once, uuid: once.uuid.toUpperCase() };
  return {
    dryRun: await check(write, ids, true, [[once, 'ACCEPTED']]),
    write: await check(write, ids, false, [[once, 'ACCEPTED']]),
    again: await check(write, ids, false, [[once, 'DUPLICATE']]),
    againInCapitals: await check(write, ids, false, [[capitals, 'DUPLICATE']]),
    dryRunAfterwards: await check(write, ids, true, [[once, 'DUPLICATE']]),
  };
}

/** One request with a record for each of the seven reasons between good ones; then each reason on its own. */
export async function checkEveryReason(write, ids) {
  const expired = new Date(Date.now() - ids.expiredSeconds * 1000);
  const future = new Date(Date.now() + ids.futureSeconds * 1000);
  const good = record(ids);
  const records = [
    [good, 'ACCEPTED'],
    [{ ...good }, 'DUPLICATE'],
    [record(ids, { timestamp: expired }), 'EXPIRED'],
    [record(ids, { timestamp: future }), 'INVALID_TIMESTAMP'],
    [record(ids, { timestamp: undefined }), 'INVALID_TIMESTAMP'],
    [record(ids, { skuId: 'no-such-sku' }), 'INVALID_SKU_ID'],
    [record(ids, { skuId: ids.otherSku }), 'INVALID_PRODUCT_ID'],
    [record(ids, { quantity: 0 }), 'INVALID_QUANTITY'],
    [record(ids, { quantity: -1 }), 'INVALID_QUANTITY'],
    [record(ids, { uuid: 'not-a-uuid' }), 'INVALID_ID'],
    [record(ids), 'ACCEPTED'],
  ];
  const cases = {
    everyReasonDryRun: await check(write, ids, true, records),
    everyReason: await check(write, ids, false, records),
  };
  for (const [bad, reason] of records.filter(([, verdict]) => verdict !== 'ACCEPTED')) {
    const name = `alone ${reason}${bad.timestamp ? '' : ' (missing)'}${bad.quantity < 0 ? ' (negative)' : ''}`;
    cases[name] = await check(write, ids, false, [[bad, reason]]);
  }
  return cases;
}

/** Requests that are refused whole, with the status that the SDK must be able to see. */
export async function checkRefusals(write, ids) {
  return {
    noRecords: await checkRefusal(() => write(false, ids.owner, []), 'INVALID_ARGUMENT'),
    tooManyRecords: await checkRefusal(
      () => write(false, ids.owner, Array.from({ length: mostRecords + 1 }, () => record(ids))), 'INVALID_ARGUMENT'),
    noOwner: await checkRefusal(() => write(false, '', [record(ids)]), 'INVALID_ARGUMENT'),
  };
}

/** Expects a call to fail with a gRPC status. */
export async function checkRefusal(call, expected) {
  try {
    const answer = await call();
    return { ok: false, expected, answer };
  } catch (error) {
    const status = statusNames[error.code] ?? `no status: ${error.name}`;
    return { ok: status === expected, expected, status, message: error.details ?? error.message };
  }
}

/** True when every case, however deeply nested, is ok. */
export const allOk = (cases) => Object.values(cases).every((one) => (typeof one.ok === 'boolean' ? one.ok : allOk(one)));

// Sends records with the verdicts that they must get; both lists must keep the order of the request.
async function check(write, ids, dryRun, recordsAndVerdicts) {
  const expected = {
    accepted: recordsAndVerdicts.filter(([, verdict]) => verdict === 'ACCEPTED').map(([{ uuid }]) => uuid),
    rejected: recordsAndVerdicts.filter(([, verdict]) => verdict !== 'ACCEPTED').map(([{ uuid }, verdict]) => [uuid, verdict]),
  };
  try {
    const answer = await write(dryRun, ids.owner, recordsAndVerdicts.map(([one]) => one));
    const ok = isDeepStrictEqual(answer, expected);
    const verdicts = [...answer.accepted.map(() => 'ACCEPTED'), ...answer.rejected.map(([, reason]) => reason)];
    return ok ? { ok, verdicts } : { ok, verdicts, expected, answer };
  } catch (error) {
    return { ok: false, expected, error: `${statusNames[error.code] ?? error.name}: ${error.details ?? error.message}` };
  }
}
