#!/usr/bin/env bash
# This server beside an echo of the same requests, PostgreSQL, SQLite and the bare disk, in one run on this machine.
# Without arguments it takes about a quarter of an hour, puts its tables into docs/benchmarks.md and the figures with a chart into
# bench/results; --short takes less than three minutes and leaves the document as it is. bench/run.sh --help says more.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)

echo "Building ..." >&2
dotnet build "$root/bench/Metering.Bench" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
"$root/metering" --version >/dev/null
exec dotnet "$root/artifacts/bin/Metering.Bench/release/Metering.Bench.dll" --document "$root/docs/benchmarks.md" "$@"
