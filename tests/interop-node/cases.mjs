// The cases, each as its description in grpc/doc/interop-test-descriptions.md demands.
import assert from 'node:assert/strict';
import grpc from '@grpc/grpc-js';
import { inflatedCount, listen, unary } from './client.mjs';

const { status } = grpc;
const LARGE_REQUEST = 271828;
const LARGE_RESPONSE = 314159;
const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const SPECIAL_MESSAGE = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';

const payload = (size) => ({ body: Buffer.alloc(size) });
const large = (more) => ({ response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST), ...more });
const isTrue = { value: true };
const isFalse = { value: false };

function assertOk(answer) {
  assert.equal(answer.code, status.OK, answer.details);
}

function assertLarge(answer) {
  assertOk(answer);
  assertPayload(answer.response, LARGE_RESPONSE);
}

function assertPayload(response, size) {
  assert.ok(response, `the call ended where a response of ${size} bytes was due`);
  assert.ok(response.payload.body.equals(Buffer.alloc(size)), `a payload of ${response.payload.body.length} instead of ${size} zeros`);
}

const sum = (client, requests) => new Promise((resolve) => {
  let answer;
  const call = client.StreamingInputCall((error, response) => { answer = { error, response }; });
  call.on('status', (ended) => setImmediate(() => resolve({ ...answer, code: ended.code, details: ended.details })));
  call.on('error', () => {});
  requests.forEach((request) => call.write(request));
  call.end();
});

async function serverStreaming(client, parameters, isCompressed) {
  const call = listen(client.StreamingOutputCall({ response_parameters: parameters }));
  const before = inflatedCount();
  for (const { size } of parameters) assertPayload(await call.next(), size);
  assert.equal(await call.next(), undefined, 'more responses than asked for');
  assertOk(await call.status());
  if (isCompressed !== undefined) assert.equal(inflatedCount() - before, isCompressed, 'compressed responses');
}

export const cases = {
  async empty_unary({ plain }) {
    const answer = await unary(plain, 'EmptyCall', {});
    assertOk(answer);
    assert.deepEqual(answer.response, {});
  },

  async large_unary({ plain }) {
    assertLarge(await unary(plain, 'UnaryCall', large()));
  },

  async client_compressed_unary({ plain, gzip }) {
    const probe = await unary(plain, 'UnaryCall', large({ expect_compressed: isTrue }));
    assert.equal(probe.code, status.INVALID_ARGUMENT, 'the probe, which is not compressed and says so');
    assertLarge(await unary(gzip, 'UnaryCall', large({ expect_compressed: isTrue })));
    assertLarge(await unary(plain, 'UnaryCall', large({ expect_compressed: isFalse })));
  },

  async server_compressed_unary({ plain }) {
    for (const [wanted, isCompressed] of [[isTrue, 1], [isFalse, 0]]) {
      const before = inflatedCount();
      assertLarge(await unary(plain, 'UnaryCall', large({ response_compressed: wanted })));
      assert.equal(inflatedCount() - before, isCompressed, 'compressed responses');
    }
  },

  async client_streaming({ plain }) {
    const answer = await sum(plain, REQUEST_SIZES.map((size) => ({ payload: payload(size) })));
    assertOk(answer);
    assert.equal(answer.response.aggregated_payload_size, 74922);
  },

  // grpc-js compresses all messages of a channel or none: the two requests of the description go in two calls.
  async client_compressed_streaming({ plain, gzip }) {
    const request = (size, expected) => ({ payload: payload(size), expect_compressed: expected });
    const probe = await sum(plain, [request(27182, isTrue)]);
    assert.equal(probe.code, status.INVALID_ARGUMENT, 'the probe, which is not compressed and says so');
    const answers = [await sum(gzip, [request(27182, isTrue)]), await sum(plain, [request(45904, isFalse)])];
    answers.forEach(assertOk);
    assert.deepEqual(answers.map((answer) => answer.response.aggregated_payload_size), [27182, 45904]);
  },

  async server_streaming({ plain }) {
    await serverStreaming(plain, RESPONSE_SIZES.map((size) => ({ size })));
  },

  async server_compressed_streaming({ plain }) {
    await serverStreaming(plain, [{ size: 31415, compressed: isTrue }, { size: 92653, compressed: isFalse }], 1);
  },

  async ping_pong({ plain }) {
    const stream = plain.FullDuplexCall();
    const call = listen(stream);
    for (const [index, size] of RESPONSE_SIZES.entries()) {
      stream.write({ response_parameters: [{ size }], payload: payload(REQUEST_SIZES[index]) });
      assertPayload(await call.next(), size);
    }
    stream.end();
    assert.equal(await call.next(), undefined, 'more responses than asked for');
    assertOk(await call.status());
  },

  async empty_stream({ plain }) {
    const stream = plain.FullDuplexCall();
    const call = listen(stream);
    stream.end();
    assert.equal(await call.next(), undefined, 'a response to nothing');
    assertOk(await call.status());
  },

  async cancel_after_begin({ plain }) {
    const code = await new Promise((resolve) => {
      const call = plain.StreamingInputCall(() => {});
      call.on('status', (ended) => resolve(ended.code));
      call.on('error', () => {});
      setImmediate(() => call.cancel());
    });
    assert.equal(code, status.CANCELLED);
  },

  async cancel_after_first_response({ plain }) {
    const stream = plain.FullDuplexCall();
    const call = listen(stream);
    stream.write({ response_parameters: [{ size: 31415 }], payload: payload(27182) });
    assertPayload(await call.next(), 31415);
    stream.cancel();
    assert.equal((await call.status()).code, status.CANCELLED);
  },

  async timeout_on_sleeping_server({ plain }) {
    const stream = plain.FullDuplexCall({ deadline: Date.now() + 1 });
    const call = listen(stream);
    stream.write({ payload: payload(27182) });
    assert.equal((await call.status()).code, status.DEADLINE_EXCEEDED);
  },

  async custom_metadata({ plain }) {
    const metadata = new grpc.Metadata();
    const binary = Buffer.from([0xab, 0xab, 0xab]);
    metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-grpc-test-echo-trailing-bin', binary);
    const check = (header, trailer) => {
      assert.deepEqual(header.get('x-grpc-test-echo-initial'), ['test_initial_metadata_value']);
      assert.deepEqual(trailer.get('x-grpc-test-echo-trailing-bin'), [binary]);
    };

    const answer = await unary(plain, 'UnaryCall', large(), metadata);
    assertLarge(answer);
    check(answer.header, answer.trailer);

    const stream = plain.FullDuplexCall(metadata);
    const call = listen(stream);
    stream.write({ response_parameters: [{ size: LARGE_RESPONSE }], payload: payload(LARGE_REQUEST) });
    assertPayload(await call.next(), LARGE_RESPONSE);
    stream.end();
    const end = await call.status();
    assertOk(end);
    check(call.header(), end.trailer);
  },

  async status_code_and_message({ plain }) {
    const wanted = { code: status.UNKNOWN, message: 'test status message' };
    const answer = await unary(plain, 'UnaryCall', { response_status: wanted });
    assert.deepEqual({ code: answer.code, message: answer.details }, wanted);

    const stream = plain.FullDuplexCall();
    const call = listen(stream);
    stream.write({ response_status: wanted });
    stream.end();
    const end = await call.status();
    assert.deepEqual({ code: end.code, message: end.details }, wanted);
  },

  async special_status_message({ plain }) {
    const wanted = { code: status.UNKNOWN, message: SPECIAL_MESSAGE };
    const answer = await unary(plain, 'UnaryCall', { response_status: wanted });
    assert.deepEqual({ code: answer.code, message: answer.details }, wanted);
  },

  async unimplemented_method({ plain }) {
    assert.equal((await unary(plain, 'UnimplementedCall', {})).code, status.UNIMPLEMENTED);
  },

  async unimplemented_service({ unimplemented }) {
    assert.equal((await unary(unimplemented, 'UnimplementedCall', {})).code, status.UNIMPLEMENTED);
  },
};
