// What the scripts share: options from arguments or the environment, one JSON document on standard output.
import { parseArgs } from 'node:util';

/**
 * Reads `--some-option value`, or METERING_SOME_OPTION from the environment (for tokens, which other users of the
 * machine could read in the arguments). `defaults` maps each option to its default; undefined makes it required.
 */
export function readOptions(defaults) {
  const known = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options: known });
  const options = {};
  const missing = [];
  for (const [name, fallback] of Object.entries(defaults)) {
    const value = values[name] ?? process.env[`METERING_${name.replaceAll('-', '_').toUpperCase()}`] ?? fallback;
    if (value === undefined) missing.push(`--${name}`);
    options[name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())] = value;
  }
  if (missing.length > 0) throw new Error(`Missing: ${missing.join(', ')}.`);
  return options;
}

/** The ids that a product instance is written with, and those of an image product. */
export const idDefaults = {
  instance: undefined, sku: undefined, 'other-sku': undefined,
  'image-product': undefined, 'image-sku': undefined, 'image-other-sku': undefined,
  'expired-seconds': '7200', 'future-seconds': '600',
};

export function splitIds(options) {
  const times = { expiredSeconds: Number(options.expiredSeconds), futureSeconds: Number(options.futureSeconds) };
  return {
    product: { owner: options.instance, sku: options.sku, otherSku: options.otherSku, ...times },
    image: { owner: options.imageProduct, sku: options.imageSku, otherSku: options.imageOtherSku, ...times },
  };
}

/** Takes every proxy out of the environment, so that only what a script sets itself is in force. */
export function forgetProxies() {
  for (const name of ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy']) delete process.env[name];
}

/** Runs `main`, prints its result, exits 0 when its `ok` is true and 1 otherwise. The SDK's channels are never closed. */
export async function run(main) {
  let result;
  try {
    result = await main();
  } catch (error) {
    result = { ok: false, error: error.message };
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`, () => process.exit(result.ok ? 0 : 1));
}
