#!/usr/bin/env bash
# What a call through Metering.Grpc costs beside a bare Kestrel HTTP/2 handler that reads and writes the same bytes, in one
# run on this machine. Usage: bench/grpc-cost.sh [--short] [--json FILE] ... (--help lists the rest)
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
echo "Building ..." >&2
dotnet build "$root/bench/Metering.Grpc.Cost" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
exec dotnet "$root/artifacts/bin/Metering.Grpc.Cost/release/Metering.Grpc.Cost.dll" "$@"
