#!/usr/bin/env bash
# Checks what holds of all headers: headers.sh <compiler> <flags file> <include dir> <work dir> [<feature>...]
#   Each compiles alone, and twice. (To be quick, Eigen/Core is precompiled; so it is looked up in the text that whoever speaks of
#   Eigen includes it, by himself or through others.)
#   All together compile in whatever order: six orders at random, the same ones every time.
#   No definition is there twice when two translation units that include everything are linked.
# A header with a line "// requires: <feature>" is left out where that feature is not named.
set -euo pipefail
compiler="$1" flags="$2" include="$3" work="$4"
features=" ${*:5} "
export LC_ALL=C CCACHE_DISABLE=1
rm -rf "$work"
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

# --- Alone -----------------------------------------------------------------------------------------------------------------

echo '#include <Eigen/Core>' >"$work/eigen.hpp"
if "$compiler" --version | grep -q clang; then
  compile -x c++-header "$work/eigen.hpp" -o "$work/eigen.pch"
  precompiled=(-include-pch "$work/eigen.pch")
else
  compile -x c++-header "$work/eigen.hpp" -o "$work/eigen.hpp.gch"
  precompiled=(-include "$work/eigen.hpp")
fi
for header in "${headers[@]}"; do
  printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/alone.cpp"
  compile "${precompiled[@]}" -fsyntax-only "$work/alone.cpp" || fault "$header does not compile alone"
done

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

# --- In any order ----------------------------------------------------------------------------------------------------------

for seed in 1 2 3 4 5 6; do
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
  compile -fsyntax-only "$work/order_$seed.cpp" || fault "the headers do not compile in the order of $work/order_$seed.cpp"
done

# --- Linked ----------------------------------------------------------------------------------------------------------------

printf '#include <%s>\n' "${headers[@]}" >"$work/other.cpp"
{ cat "$work/other.cpp"; echo 'int main() {}'; } >"$work/main.cpp"
compile "$work/main.cpp" "$work/other.cpp" -o "$work/program" || fault "two translation units do not link"

printf '%d headers: alone, in six orders, linked: %d faults\n' "${#headers[@]}" "${#faults[@]}"
(( ${#faults[@]} == 0 )) || { printf '  %s\n' "${faults[@]}" >&2; exit 1; }
