#!/usr/bin/env bash
# Breaks servers, their disks, files and databases in every known way, and checks what docs/guarantees.md promises.
# Without arguments it takes about an hour and puts its scorecard into that document. bench/faults.sh --help says more.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)

echo "Building ..." >&2
dotnet build "$root/bench/Metering.Faults" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
exec dotnet "$root/artifacts/bin/Metering.Faults/release/Metering.Faults.dll" --document "$root/docs/guarantees.md" "$@"
