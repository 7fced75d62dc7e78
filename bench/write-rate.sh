#!/usr/bin/env bash
# How many records a second one server takes, fsync on: 25-record Writes with fresh uuids over cleartext gRPC on loopback,
# the load generator on the same machine. Usage: bench/write-rate.sh [SECONDS] [CONNECTIONS] [STREAMS]
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
seconds=${1:-30} connections=${2:-4} streams=${3:-256}
folder=$(mktemp -d "${TMPDIR:-/tmp}/metering-bench-XXXXXX")
server=
finish() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

echo "Building ..." >&2
dotnet build "$root/bench/Metering.Load" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
"$root/metering" --version >/dev/null

"$root/metering" serve --data "$folder/data" --catalog "$root/samples/catalog.yaml" --output json \
  --listen-http none --listen-grpc 127.0.0.1:0 --listen-https 127.0.0.1:0 >"$folder/facts" 2>"$folder/log" &
server=$!
for _ in $(seq 300); do
  [[ -s $folder/facts ]] && break
  sleep 0.1
done
address() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$folder/facts"; }
to_server=(--address "https://$(address https)" --data "$folder/data")
"$root/metering" key create --service-account acme-reporter --output "$folder/key.json" "${to_server[@]}" >/dev/null
"$root/metering" token create --key "$folder/key.json" "${to_server[@]}" >"$folder/token"

load() {
  dotnet "$root/artifacts/bin/Metering.Load/release/Metering.Load.dll" --address "$(address grpc)" --token-file "$folder/token" \
    --owner acme-database-first --sku acme-database-core-hours --records 25 --connections "$connections" --streams "$streams" "$@"
}
warm=$((seconds < 5 ? seconds : 5))
echo "Warming up for $warm s, then $seconds s of load ..." >&2
load --seconds "$warm" >/dev/null 2>&1
load --seconds "$seconds"
