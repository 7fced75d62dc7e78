#!/usr/bin/env bash
# Attacks a server of its own in every known way and measures what a well-behaved client notices: memory, p99, records counted.
# Without arguments it takes about fifteen minutes and puts its table into docs/threat-model.md. bench/attacks.sh --help says more.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)

echo "Building ..." >&2
dotnet build "$root/bench/Metering.Attacks" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
"$root/metering" --version >/dev/null
exec dotnet "$root/artifacts/bin/Metering.Attacks/release/Metering.Attacks.dll" --document "$root/docs/threat-model.md" "$@"
