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

# find_llvm_tool <tool> <its own choice>: names one of version 16 or newer, or fails. Older clang-formats take concepts apart,
# and older clang-tidies stumble over them.
find_llvm_tool() {
  local candidate major
  for candidate in "$2" "$1"-{16,17,18,19,20,21} "$1"; do
    [[ -n "$candidate" ]] && have "$candidate" || continue
    major="$("$candidate" --version | sed -nE 's/.*version ([0-9]+).*/\1/p' | head -n 1)"
    if [[ "$major" =~ ^[0-9]+$ ]] && (( major >= 16 )); then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}
find_clang_format() { find_llvm_tool clang-format "${CLANG_FORMAT:-}"; }
find_clang_tidy() { find_llvm_tool clang-tidy "${CLANG_TIDY:-}"; }

# As many compilers at a time as there are processors, and memory for each: what the largest programs of a preset take at most.
# ANTISTROPHE_JOBS overrides it.
jobs_at_a_time() {  # [<preset>]
  local jobs memory each=2000000
  if [[ "${1:-}" == asan ]]; then each=2500000; fi
  jobs="${ANTISTROPHE_JOBS:-}"
  if [[ -z "$jobs" ]]; then
    jobs="$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)"
    memory="$(awk -v each="$each" '/^MemAvailable:/ { print int($2 / each) }' /proc/meminfo 2>/dev/null || true)"
    [[ -n "$memory" ]] && (( memory < jobs )) && jobs="$memory"
    (( jobs >= 1 )) || jobs=1
  fi
  echo "$jobs"
}

# build <preset> [<target>...]: configures build/<preset> and builds the targets, or everything. Compilers fill gigabytes of
# memory: on large pages, which glibc (2.35 or newer) then asks for, clang takes a tenth less time.
build() {
  local preset="$1"
  shift
  choose_compiler || die "no C++ compiler found: g++ 12 or clang 14 or newer is needed"
  cmake --preset "$preset"
  GLIBC_TUNABLES="${GLIBC_TUNABLES:+$GLIBC_TUNABLES:}glibc.malloc.hugetlb=1" \
    cmake --build --preset "$preset" --parallel "$(jobs_at_a_time "$preset")" ${1:+--target "$@"}
}
