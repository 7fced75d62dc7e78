"""gRPC's interop test cases with the C core: interop.py HOST:PORT

Prints one line of JSON a case: {"case", "ok"} and, when it failed, "error". Exit code 1 when one failed.
"""
import faulthandler
import json
import sys

import grpc

from cases import CASES, Stub

PATIENCE_SECONDS = 120

if len(sys.argv) != 2:
    sys.exit("usage: interop.py HOST:PORT")
faulthandler.dump_traceback_later(PATIENCE_SECONDS, exit=True)  # A case that hangs says where.
failed = 0
with grpc.insecure_channel(sys.argv[1]) as channel:
    stub = Stub(channel)
    for case in CASES:
        result = {"case": case.__name__, "ok": True}
        try:
            case(stub)
        except Exception as error:  # Whatever it is, the case failed and the others still run.
            failed += 1
            result.update(ok=False, error=f"{type(error).__name__}: {error}")
        print(json.dumps(result), flush=True)
faulthandler.cancel_dump_traceback_later()
sys.exit(1 if failed else 0)
