#!/usr/bin/env bash
# What one node over a PostgreSQL of its own costs, on this machine: the figures that bench/scale.sh reckons with, as JSON.
# A minute; needs PostgreSQL and jq. Server, database and load generator share the processors, so that costs are taken as
# processor time, which does not depend on who had to wait for whom.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
seconds=${1:-10}
[[ $seconds =~ ^[1-9][0-9]?$ ]] || { echo "usage: bench/scale-node.sh [SECONDS of a turn, 1 to 99; 10]" >&2; exit 2; }

echo "Building ..." >&2
dotnet build "$root/bench/Metering.Load" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
"$root/metering" --version >/dev/null
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
bin=${bin:-$(dirname -- "$(command -v initdb)")}

work=$(mktemp -d "${TMPDIR:-/tmp}/metering-node-XXXXXX")
as_owner=()
if [[ $EUID -eq 0 ]]; then
  chown postgres "$work"
  as_owner=(runuser -u postgres --)
fi
server=
finish() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  (cd / && "${as_owner[@]}" "$bin/pg_ctl" -D "$work/pg" -m immediate -w stop >/dev/null 2>&1) || true
  rm -rf "$work"
}
trap finish EXIT

cd /
"${as_owner[@]}" "$bin/initdb" -D "$work/pg" -U postgres -A trust --no-instructions >/dev/null
"${as_owner[@]}" "$bin/pg_ctl" -D "$work/pg" -l "$work/pg.log" -w start >/dev/null -o "-c listen_addresses= -c unix_socket_directories=$work \
  -c synchronous_commit=on -c shared_buffers=1GB -c max_wal_size=16GB -c min_wal_size=2GB -c checkpoint_timeout=1h -c track_wal_io_timing=on"
ask() { psql -h "$work" -U postgres -XAtqc "$1"; }

mkdir "$work/node"
METERING_HTTP2_CONNECTIONS_PER_ADDRESS=128 dotnet "$root/artifacts/bin/Metering.Cli/release/metering.dll" serve --output json \
  --store "postgres: Host=$work;Database=postgres;Username=postgres" --data "$work/node" --catalog "$root/samples/catalog.yaml" \
  --listen-http 127.0.0.1:0 --listen-grpc 127.0.0.1:0 --listen-https none >"$work/facts" 2>"$work/server.log" &
server=$!
until [[ -s $work/facts ]]; do
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
  sleep 0.1
done
http=$(head -n 1 "$work/facts" | jq -r .http) grpc=$(head -n 1 "$work/facts" | jq -r .grpc)
until curl -sf "http://$http/readyz" >/dev/null; do sleep 0.1; done
curl -sf "http://$http/iam/v1/tokens:createForServiceAccount" -H "authorization: Bearer $(cat "$work/node/admin.token")" \
  -d '{"serviceAccountId":"acme-reporter"}' | jq -r .iamToken >"$work/token"

# Processor seconds of the database so far: its processes, and those of its own that have ended.
postmaster=$(head -n 1 "$work/pg/postmaster.pid")
processor() { # processor FOLDER...: user and system time, with that of children waited for
  cat "${@/%//stat}" 2>/dev/null | sed 's/.*) //' | awk -v hertz="$(getconf CLK_TCK)" '{ ticks += $12 + $13 + $14 + $15 } END { print ticks / hertz }'
}
database_processor() { processor $(printf '/proc/%s ' "$postmaster" $(pgrep -P "$postmaster")); }
difference() { awk -v later="$1" -v earlier="$2" 'BEGIN { print later - earlier }'; }

turn() { # turn RECORDS CONNECTIONS STREAMS [RATE]
  local before after database0 node0 database1 node1
  before=$(ask "SELECT json_build_object('log', pg_current_wal_lsn() - '0/0', 'transactions', (SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'),
    'flushes', wal_sync, 'flushMilliseconds', wal_sync_time) FROM pg_stat_wal")
  database0=$(database_processor) node0=$(processor "/proc/$server")
  dotnet "$root/artifacts/bin/Metering.Load/release/Metering.Load.dll" --output json --address "$grpc" --token-file "$work/token" \
    --owner acme-database-first --sku acme-database-core-hours --records "$1" --connections "$2" --streams "$3" --seconds "$seconds" ${4:+--rate "$4"} >"$work/load.json"
  database1=$(database_processor) node1=$(processor "/proc/$server")
  after=$(ask "SELECT json_build_object('log', pg_current_wal_lsn() - '0/0', 'transactions', (SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'),
    'flushes', wal_sync, 'flushMilliseconds', wal_sync_time) FROM pg_stat_wal")
  jq -c --argjson before "$before" --argjson after "$after" --argjson database "$(difference "$database1" "$database0")" --argjson node "$(difference "$node1" "$node0")" '
    .verdicts.ACCEPTED as $records | (($after.transactions - $before.transactions) | if . > 0 then . else 1 end) as $transactions
    | (($after.flushes - $before.flushes) | if . > 0 then . else 1 end) as $flushes | {
      recordsPerRequest, requestsInFlight: (.connections * .streams), intendedRecordsPerSecond, acceptedPerSecond: (.acceptedPerSecond | round),
      p50Milliseconds: .latencyMilliseconds.p50, p99Milliseconds: .latencyMilliseconds.p99, failedRequests: .requests.failed,
      recordsPerTransaction: ($records / $transactions), databaseMicrosecondsPerRecord: ($database * 1e6 / $records),
      databaseMicrosecondsPerTransaction: ($database * 1e6 / $transactions), nodeMicrosecondsPerRecord: ($node * 1e6 / $records),
      nodeMicrosecondsPerRequest: ($node * 1e6 / $records * .recordsPerRequest),
      loadMicrosecondsPerRecord: (.processorMicrosecondsPerRequest / .recordsPerRequest), logBytesPerRecord: (($after.log - $before.log) / $records),
      flushMilliseconds: (($after.flushMilliseconds - $before.flushMilliseconds) / $flushes)
    }' "$work/load.json"
}

{
  turn 25 12 100 >/dev/null # warms up
  turn 25 12 100
  turn 1 12 100
  turn 25 1 1
  turn 1 1 1
} >"$work/turns"
rate=$(head -n 1 "$work/turns" | jq '.acceptedPerSecond / 2 | floor')
turn 25 12 100 "$rate" >>"$work/turns"
# What a row of totals costs that is there already: 5 times 20,000 of them, as a group adds to them.
add="INSERT INTO metering.usage_total(owner, sku, hour, node, quantity, records) SELECT 1000000 + row, 1, 0, 0, 5, 1 FROM generate_series(1, 20000) AS row
  ON CONFLICT (owner, sku, hour, node) DO UPDATE SET quantity = usage_total.quantity + excluded.quantity, records = usage_total.records + excluded.records"
ask "$add"
before=$(database_processor)
for _ in 1 2 3 4 5; do ask "$add"; done
total=$(difference "$(database_processor)" "$before")
disk=$(ask "SELECT (pg_total_relation_size('metering.usage_record')::float8 / count(*)) FROM metering.usage_record")
records=$(ask "SELECT count(*) FROM metering.usage_record")
jq -s --argjson disk "$disk" --argjson index "$(ask "SELECT pg_relation_size('metering.usage_record_pkey')::float8 / $records")" --argjson total "$total" --argjson records "$records" --argjson processors "$(nproc)" --arg postgres "$("$bin/postgres" --version)" \
  '{postgres: $postgres, processors: $processors, records: $records, diskBytesPerRecord: $disk, indexBytesPerRecord: $index, databaseMicrosecondsPerTotal: ($total * 10), turns: .}' "$work/turns"
