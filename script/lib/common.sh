# What the scripts share. Sourced, never run; leaves the shell in the project's root.
set -euo pipefail
unset CDPATH
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$root"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# g++ 12 and clang 14 are the oldest compilers that will do.
compiler_will_do() {
  have "$1" || return 1
  local major oldest=12
  major="$("$1" -dumpversion 2>/dev/null | cut -d. -f1)"
  "$1" --version 2>/dev/null | grep -qi clang && oldest=14
  [[ "$major" =~ ^[0-9]+$ ]] && (( major >= oldest ))
}

# Exports CXX where the default compiler will not do and another will.
choose_compiler() {
  if [[ -n "${CXX:-}" ]]; then
    compiler_will_do "$CXX" || die "CXX=$CXX is too old or not there: g++ 12 or clang 14 or newer is needed"
    return 0
  fi
  local candidate
  for candidate in c++ g++ g++-14 g++-13 g++-12 clang++ clang++-{18,17,16,15,14}; do
    if compiler_will_do "$candidate"; then
      [[ "$candidate" == c++ ]] || export CXX="$candidate"
      return 0
    fi
  done
  return 1
}

# Names a clang-format that understands concepts (16 or newer; the older ones take them apart), or fails.
find_clang_format() {
  local candidate major
  for candidate in "${CLANG_FORMAT:-}" clang-format-{16,17,18,19,20} clang-format; do
    [[ -n "$candidate" ]] && have "$candidate" || continue
    major="$("$candidate" --version | sed -E 's/.*version ([0-9]+).*/\1/')"
    if [[ "$major" =~ ^[0-9]+$ ]] && (( major >= 16 )); then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

# As many compilers at a time as there are processors, and 1.5 GB of memory for each. ANTISTROPHE_JOBS overrides it.
jobs_at_a_time() {
  local jobs memory
  jobs="${ANTISTROPHE_JOBS:-}"
  if [[ -z "$jobs" ]]; then
    jobs="$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)"
    memory="$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null || true)"
    [[ -n "$memory" ]] && (( memory < jobs )) && jobs="$memory"
    (( jobs >= 1 )) || jobs=1
  fi
  echo "$jobs"
}

# build <preset> [<target>...]: configures build/<preset> and builds the targets, or everything.
build() {
  local preset="$1"
  shift
  choose_compiler || die "no C++ compiler found: g++ 12 or clang 14 or newer is needed"
  cmake --preset "$preset"
  cmake --build --preset "$preset" --parallel "$(jobs_at_a_time)" ${1:+--target "$@"}
}
