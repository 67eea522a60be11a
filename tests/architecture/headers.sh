#!/usr/bin/env bash
# Checks what holds of all headers, a part at a time: headers.sh <part> <compiler> <flags file> <include dir> <work dir> [<feature>...]
#   eigen         Precompiles Eigen/Core, so that the other parts are quick.
#   alone <i>/<n> Each header compiles alone, and twice: the i-th of n shares, i from 1.
#   together      Whoever speaks of Eigen includes it, by himself or through others: that is looked up in the text. All headers
#                 compile in whatever order: three at random, the same ones every time. No definition is there twice when two
#                 translation units that include everything are linked.
# A header with a line "// requires: <feature>" is left out where that feature is not named.
set -euo pipefail
part="$1"
shift
if [[ "$part" == alone ]]; then
  share="${1%/*}" shares="${1#*/}"
  shift
fi
compiler="$1" flags="$2" include="$3" work="$4"
features=" ${*:5} "
export LC_ALL=C CCACHE_DISABLE=1
eigen="$work/eigen.hpp"
work="$work/$part${share:-}"
mkdir -p "$work"

headers=()
while IFS= read -r header; do
  required="$(sed -n 's|^// requires: ||p' "$include/$header" | head -n 1)"
  if [[ -n "$required" && "$features" != *" $required "* ]]; then
    echo "not checked, for $required is not here: $header"
  else
    headers+=("$header")
  fi
done < <(cd "$include" && find antistrophe -name '*.hpp' | sort)

faults=()
compile() { "$compiler" "@$flags" -O0 -g0 "$@" >"$work/errors" 2>&1; }
fault() {
  faults+=("$1")
  printf '%s:\n%s\n' "$1" "$(head -n 20 "$work/errors")"
}
if "$compiler" --version | grep -q clang; then
  precompiled="$eigen.pch" with_eigen=(-include-pch "$eigen.pch")
else
  precompiled="$eigen.gch" with_eigen=(-include "$eigen")
fi

precompile_eigen() {
  echo '#include <Eigen/Core>' >"$eigen"
  compile -x c++-header "$eigen" -o "$precompiled" || fault "Eigen/Core cannot be precompiled"
}

# The headers that no other begins with: one with which another begins is compiled there as if it were alone.
heads() {
  local begun
  begun="$(cd "$include" && awk '
    FNR == 1 { found = 0 }
    found || /^ *(\/\/|$)/ || /^#pragma once/ { next }
    { found = 1 }
    /^#include <antistrophe\// { split($0, part, /[<>]/); print part[2] }
  ' "${headers[@]}")"
  printf '%s\n' "${headers[@]}" | grep -vxFf <(printf '%s\n' "$begun")
}

check_alone() {
  local header number=0
  while IFS= read -r header; do
    (( number++ % shares == share - 1 )) || continue
    printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/alone.cpp"
    compile "${with_eigen[@]}" -fsyntax-only "$work/alone.cpp" || fault "$header does not compile alone"
  done < <(heads)
}

check_that_eigen_is_included() {
  local header
  : >"$work/errors"
  while IFS= read -r header; do
    fault "$header speaks of Eigen and does not include it"
  done < <(cd "$include" && awk '
    function reaches(file,   k) {
      if (file in known) return known[file]
      known[file] = 0
      for (k = 1; k <= count[file]; ++k)
        if (included[file, k] ~ /^Eigen\// || reaches(included[file, k])) return known[file] = 1
      return 0
    }
    /^#include </ { split($0, part, /[<>]/); included[FILENAME, ++count[FILENAME]] = part[2] }
    /Eigen::/ { speaks[FILENAME] = 1 }
    END { for (file in speaks) if (!reaches(file)) print file }
  ' "${headers[@]}")
}

check_in_any_order() {
  local seed
  for seed in 1 2 3; do
    printf '%s\n' "${headers[@]}" | awk -v seed="$seed" '
      BEGIN { srand(seed) }
      { name[NR] = $0 }
      END {
        for (i = NR; i > 0; --i) {
          j = 1 + int(rand() * i)
          print "#include <" name[j] ">"
          name[j] = name[i]
        }
      }' >"$work/order_$seed.cpp"
    compile "${with_eigen[@]}" -fsyntax-only "$work/order_$seed.cpp" || fault "the headers do not compile in the order of $work/order_$seed.cpp"
  done
}

check_linked() {
  printf '#include <%s>\n' "${headers[@]}" >"$work/everything.cpp"
  echo 'int main() {}' >"$work/main.cpp"
  compile "${with_eigen[@]}" -c "$work/everything.cpp" -o "$work/everything.o" &&
    cp "$work/everything.o" "$work/again.o" &&
    compile "$work/main.cpp" "$work/everything.o" "$work/again.o" -o "$work/program" ||
    fault "two translation units do not link"
}

case "$part" in
  eigen) precompile_eigen ;;
  alone) check_alone ;;
  together)
    check_that_eigen_is_included
    check_in_any_order
    check_linked
    ;;
  *) echo "unknown part: $part" >&2; exit 2 ;;
esac
printf '%d headers, %s: %d faults\n' "${#headers[@]}" "$part ${share:+$share of $shares}" "${#faults[@]}"
(( ${#faults[@]} == 0 )) || { printf '  %s\n' "${faults[@]}" >&2; exit 1; }
