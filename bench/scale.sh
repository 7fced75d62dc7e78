#!/usr/bin/env bash
# Simulates many nodes over many databases and puts the capacity plan's tables into docs/scale.md; takes a minute or two, and
# needs nothing but .NET. What it reckons with are options: bench/scale.sh --help. bench/scale-node.sh measures them on one machine.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)

echo "Building ..." >&2
dotnet build "$root/bench/Metering.Scale" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
document=(--document "$root/docs/scale.md")
[[ $# -eq 0 ]] || document=() # the document tells of the default figures alone
exec dotnet "$root/artifacts/bin/Metering.Scale/release/Metering.Scale.dll" "${document[@]}" "$@"
