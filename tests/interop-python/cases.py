"""The cases, each as its description in grpc/doc/interop-test-descriptions.md demands."""
import queue

import grpc

from messages import message_type

BoolValue = message_type("BoolValue")
Empty = message_type("Empty")
EchoStatus = message_type("EchoStatus")
Parameters = message_type("ResponseParameters")
Payload = message_type("Payload")
SimpleRequest = message_type("SimpleRequest")
InputRequest = message_type("StreamingInputCallRequest")
OutputRequest = message_type("StreamingOutputCallRequest")

LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
REQUEST_SIZES, RESPONSE_SIZES = (27182, 8, 1828, 45904), (31415, 9, 2653, 58979)
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
TRUE, FALSE = BoolValue(value=True), BoolValue(value=False)


class Stub:
    """The methods of grpc.testing on a channel."""

    def __init__(self, channel):
        def method(kind, name, request, response, service="TestService"):
            return kind(
                f"/grpc.testing.{service}/{name}",
                request_serializer=message_type(request).SerializeToString,
                response_deserializer=message_type(response).FromString)
        self.empty = method(channel.unary_unary, "EmptyCall", "Empty", "Empty")
        self.unary = method(channel.unary_unary, "UnaryCall", "SimpleRequest", "SimpleResponse")
        self.unimplemented = method(channel.unary_unary, "UnimplementedCall", "Empty", "Empty")
        self.unknown = method(channel.unary_unary, "UnimplementedCall", "Empty", "Empty", "UnimplementedService")
        self.input = method(
            channel.stream_unary, "StreamingInputCall", "StreamingInputCallRequest", "StreamingInputCallResponse")
        self.output = method(
            channel.unary_stream, "StreamingOutputCall", "StreamingOutputCallRequest", "StreamingOutputCallResponse")
        self.duplex = method(
            channel.stream_stream, "FullDuplexCall", "StreamingOutputCallRequest", "StreamingOutputCallResponse")


class Requests:
    """A stream of requests that a case feeds as it goes."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def check(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} instead of {expected!r}")


def zeros(size):
    return Payload(body=bytes(size))


def large(**more):
    return SimpleRequest(response_size=LARGE_RESPONSE, payload=zeros(LARGE_REQUEST), **more)


def check_large(response):
    check(response.payload.body, bytes(LARGE_RESPONSE), "payload")


def refusal(call):
    """The code and message that a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def empty_unary(stub):
    check(stub.empty(Empty()), Empty(), "response")


def large_unary(stub):
    check_large(stub.unary(large()))


def client_compressed_unary(stub):
    probe = refusal(lambda: stub.unary(large(expect_compressed=TRUE)))
    check(probe[0], grpc.StatusCode.INVALID_ARGUMENT, "the probe, which is not compressed and says so")
    check_large(stub.unary(large(expect_compressed=TRUE), compression=grpc.Compression.Gzip))
    check_large(stub.unary(large(expect_compressed=FALSE)))


# The C core inflates without telling: that the responses are compressed is seen by the other client.
def server_compressed_unary(stub):
    check_large(stub.unary(large(response_compressed=TRUE)))
    check_large(stub.unary(large(response_compressed=FALSE)))


def client_streaming(stub):
    response = stub.input(iter([InputRequest(payload=zeros(size)) for size in REQUEST_SIZES]))
    check(response.aggregated_payload_size, 74922, "sum")


# Python compresses all messages of a call or none: the two requests of the description go in two calls.
def client_compressed_streaming(stub):
    def send(size, expected, **options):
        request = InputRequest(payload=zeros(size), expect_compressed=expected)
        return stub.input(iter([request]), **options).aggregated_payload_size
    probe = refusal(lambda: send(27182, TRUE))
    check(probe[0], grpc.StatusCode.INVALID_ARGUMENT, "the probe, which is not compressed and says so")
    check(send(27182, TRUE, compression=grpc.Compression.Gzip), 27182, "sum")
    check(send(45904, FALSE), 45904, "sum")


def server_streaming(stub, compressed=(None,) * 4, sizes=RESPONSE_SIZES):
    wanted = [Parameters(size=size, compressed=flag) for size, flag in zip(sizes, compressed)]
    responses = stub.output(OutputRequest(response_parameters=wanted))
    check([response.payload.body for response in responses], [bytes(size) for size in sizes], "responses")


def server_compressed_streaming(stub):
    server_streaming(stub, (TRUE, FALSE), (31415, 92653))


def ping_pong(stub):
    requests = Requests()
    call = stub.duplex(iter(requests))
    for sent, wanted in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(OutputRequest(response_parameters=[Parameters(size=wanted)], payload=zeros(sent)))
        check(next(call).payload.body, bytes(wanted), "payload")
    requests.close()
    check(list(call), [], "further responses")


def empty_stream(stub):
    check(list(stub.duplex(iter(()))), [], "responses")


def cancel_after_begin(stub):
    requests = Requests()
    call = stub.input.future(iter(requests))
    call.cancel()
    requests.close()
    check(call.cancelled(), True, "cancelled")
    check(call.code(), grpc.StatusCode.CANCELLED, "code")


def cancel_after_first_response(stub):
    requests = Requests()
    call = stub.duplex(iter(requests))
    requests.send(OutputRequest(response_parameters=[Parameters(size=31415)], payload=zeros(27182)))
    check(next(call).payload.body, bytes(31415), "payload")
    call.cancel()
    check(refusal(lambda: next(call))[0], grpc.StatusCode.CANCELLED, "code")
    requests.close()


def timeout_on_sleeping_server(stub):
    requests = Requests()
    requests.send(OutputRequest(payload=zeros(27182)))
    call = stub.duplex(iter(requests), timeout=0.001)
    check(refusal(lambda: next(call))[0], grpc.StatusCode.DEADLINE_EXCEEDED, "code")
    requests.close()


def custom_metadata(stub):
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")

    def check_echo(call):
        check(dict(call.initial_metadata()).get(initial[0]), initial[1], "initial metadata")
        check(dict(call.trailing_metadata()).get(trailing[0]), trailing[1], "trailing metadata")
    response, call = stub.unary.with_call(large(), metadata=(initial, trailing))
    check_large(response)
    check_echo(call)
    request = OutputRequest(response_parameters=[Parameters(size=LARGE_RESPONSE)], payload=zeros(LARGE_REQUEST))
    call = stub.duplex(iter([request]), metadata=(initial, trailing))
    check([response.payload.body for response in call], [bytes(LARGE_RESPONSE)], "responses")
    check_echo(call)


def status_code_and_message(stub, message="test status message"):
    wanted = EchoStatus(code=2, message=message)
    answered = refusal(lambda: stub.unary(SimpleRequest(response_status=wanted)))
    check(answered, (grpc.StatusCode.UNKNOWN, message), "status")
    answered = refusal(lambda: list(stub.duplex(iter([OutputRequest(response_status=wanted)]))))
    check(answered, (grpc.StatusCode.UNKNOWN, message), "status")


def special_status_message(stub):
    status_code_and_message(stub, SPECIAL_MESSAGE)


def unimplemented_method(stub):
    check(refusal(lambda: stub.unimplemented(Empty()))[0], grpc.StatusCode.UNIMPLEMENTED, "code")


def unimplemented_service(stub):
    check(refusal(lambda: stub.unknown(Empty()))[0], grpc.StatusCode.UNIMPLEMENTED, "code")


CASES = [
    empty_unary, large_unary, client_compressed_unary, server_compressed_unary, client_streaming, client_compressed_streaming,
    server_streaming, server_compressed_streaming, ping_pong, empty_stream, cancel_after_begin, cancel_after_first_response,
    timeout_on_sleeping_server, custom_metadata, status_code_and_message, special_status_message, unimplemented_method,
    unimplemented_service,
]
