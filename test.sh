#!/usr/bin/env bash
# Installs what the tests need and is missing, builds everything, runs every test and prints a summary.
# Exit code 0 when all passed. Arguments name test projects (default: all), for example: ./test.sh Metering.Ledger.Tests
# METERING_FUZZ_INPUTS=200000 METERING_FUZZ_SEED=1 ./test.sh Metering.Fuzz.Tests sends that many mutated inputs (otherwise 20,000, seed fixed).
set -uo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
logs=artifacts/test-logs
mkdir -p "$logs"

install() { # install DEBIAN-PACKAGE
  echo "Installing $1 ..."
  local sudo=()
  [[ $EUID -eq 0 ]] || sudo=(sudo)
  { "${sudo[@]}" apt-get update -qq && "${sudo[@]}" apt-get install -y -qq "$1"; } >"$logs/apt-$1.log" 2>&1 ||
    { cat "$logs/apt-$1.log" >&2; echo "test.sh: could not install $1" >&2; exit 70; }
}
need() { # need COMMAND DEBIAN-PACKAGE
  command -v "$1" >/dev/null || install "$2"
}
need_module() { # need_module PYTHON-MODULE DEBIAN-PACKAGE, for Debian's own Python
  /usr/bin/python3 -c "import $1" 2>/dev/null || install "$2"
}
need curl curl
need node nodejs
need gcc gcc
[[ -x /usr/lib/postgresql/15/bin/initdb ]] || need initdb postgresql # Debian keeps its programs off the path
need npm npm
need_module google.protobuf python3-protobuf
need_module grpc python3-grpcio

echo "Installing the Node packages of the tests (tests/sdk-node, tests/interop-node) ..."
for folder in sdk-node interop-node; do
  if [[ ! -e tests/$folder/node_modules/.package-lock.json || tests/$folder/package-lock.json -nt tests/$folder/node_modules/.package-lock.json ]]; then
    (cd "tests/$folder" && npm ci --no-audit --no-fund --loglevel=error) >"$logs/npm-$folder.log" 2>&1 ||
      { cat "$logs/npm-$folder.log" >&2; echo "test.sh: npm could not install tests/$folder" >&2; exit 70; }
  fi
done

echo "Building ..."
if ! dotnet build Metering.slnx -c Release -v quiet --nologo -clp:NoSummary >"$logs/build.log" 2>&1; then
  cat "$logs/build.log" >&2
  echo "test.sh: the build failed" >&2
  exit 70
fi

# Each project's own summary is read, so that a project that ran nothing or fell over is never counted as passed.
passed=0 failed=0 skipped=0
projects=("$@")
[[ $# -gt 0 ]] || mapfile -t projects < <(cd tests && ls -d *.Tests)
for project in "${projects[@]}"; do
  log=$logs/$project.log
  start=$SECONDS
  dotnet test --project "tests/$project" -c Release --no-build --no-progress >"$log" 2>&1
  code=$?
  count() { sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }
  p=$(count succeeded) f=$(count failed) s=$(count skipped)
  if [[ -z $p || ($code -ne 0 && ${f:-0} -eq 0) || $((p + ${f:-0})) -eq 0 ]]; then
    f=$((${f:-0} + 1)) # it did not run to its end
  fi
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
  printf '%-34s %5d passed %3d failed  %4d s\n' "$project" "${p:-0}" "${f:-0}" $((SECONDS - start))
  if [[ ${f:-0} -gt 0 ]]; then
    sed 's/^/    /' "$log"
  fi
done

echo
[[ $skipped -eq 0 ]] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
