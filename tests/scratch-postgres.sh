#!/usr/bin/env bash
# A PostgreSQL to try things out on: eval "$(tests/scratch-postgres.sh $$)" makes and starts one in a folder of its own and points psql
# and its kin at it. It is stopped, and its folder removed, when the shell whose process is named ends.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
bin=${bin:-$(dirname -- "$(command -v initdb)")}
folder=$(mktemp -d /tmp/metering-pg-XXXXXX) # paths of sockets have to be short
as_owner=()
if [[ $EUID -eq 0 ]]; then # PostgreSQL refuses root
  chown postgres "$folder"
  as_owner=(runuser -u postgres --)
fi
cd /
"${as_owner[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust --no-instructions --no-sync >/dev/null
"${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w start -o "-c listen_addresses= -c unix_socket_directories=$folder" >/dev/null

# Outlives this script and holds none of its pipes.
asker=${1:?the process id of the shell}
(
  trap '' HUP INT TERM
  while kill -0 "$asker" 2>/dev/null; do sleep 0.5; done
  "${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop || true
  rm -rf "$folder"
) </dev/null >/dev/null 2>&1 &
echo "export PGHOST=$folder PGUSER=postgres PGDATABASE=postgres PGDATA=$folder/data PATH=$bin:\$PATH"
