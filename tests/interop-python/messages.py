"""The published messages of grpc.testing, without a compiler: names, numbers and types of their fields."""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_MESSAGES = {
    "Empty": "",
    "BoolValue": "value=1:bool",
    "Payload": "type=1:int32 body=2:bytes",
    "EchoStatus": "code=1:int32 message=2:string",
    "SimpleRequest": "response_type=1:int32 response_size=2:int32 payload=3:Payload response_compressed=6:BoolValue "
                     "response_status=7:EchoStatus expect_compressed=8:BoolValue",
    "SimpleResponse": "payload=1:Payload",
    "StreamingInputCallRequest": "payload=1:Payload expect_compressed=2:BoolValue",
    "StreamingInputCallResponse": "aggregated_payload_size=1:int32",
    "ResponseParameters": "size=1:int32 interval_us=2:int32 compressed=3:BoolValue",
    "StreamingOutputCallRequest": "response_type=1:int32 response_parameters=2:*ResponseParameters payload=3:Payload "
                                  "response_status=7:EchoStatus",
    "StreamingOutputCallResponse": "payload=1:Payload",
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"bool": _Field.TYPE_BOOL, "int32": _Field.TYPE_INT32, "bytes": _Field.TYPE_BYTES, "string": _Field.TYPE_STRING}


def _file():
    file = descriptor_pb2.FileDescriptorProto(name="grpc/testing/messages.proto", package="grpc.testing", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            key, kind = field.split(":")
            field_name, number = key.split("=")
            label = _Field.LABEL_REPEATED if kind[0] == "*" else _Field.LABEL_OPTIONAL
            kind = kind.lstrip("*")
            added = message.field.add(name=field_name, number=int(number), label=label)
            added.type = _SCALARS.get(kind, _Field.TYPE_MESSAGE)
            if kind not in _SCALARS:
                added.type_name = f".grpc.testing.{kind}"
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())
_factory = message_factory.MessageFactory(_pool)


def message_type(name):
    """The class of a message of grpc.testing."""
    return _factory.GetPrototype(_pool.FindMessageTypeByName(f"grpc.testing.{name}"))
