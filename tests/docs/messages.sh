#!/usr/bin/env bash
# Holds the tables of docs/messages.md against the tests that they name: messages.sh <project>
#   Each case of tests/static stands in a row, whose sentence is one of the library's and has in it what the case expects.
#   Each other row's sentence stands in the test that the row names, but for what is left out as "…".
# A row: | mistake | `sentence` | [name](../tests/file), … |, or `` sentence `` where it has a ` in it.
set -euo pipefail
cd "$1"
export LC_ALL=C
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# strings <file>...: the text with neighbouring literals joined, and without escapes.
strings() { cat "$@" | tr '\n' ' ' | sed -E 's/" *\\? *"//g; s/\\"/"/g'; }
strings $(find include -name '*.hpp') >"$work/library"

faults=() rows=0
fault() { faults+=("$1"); }
while IFS= read -r line; do
  rows=$((rows + 1))
  rest="${line#| * | }"
  sentence="${rest%%\` | \[*}"
  links="${rest##*\` | }"
  sentence="${sentence#\`}"
  if [[ "$sentence" == "\` "* ]]; then  # it has a ` in it, and stands between two
    sentence="${sentence#\` }"
    sentence="${sentence% \`}"
  fi
  sentence="${sentence//\\|/|}"
  if [[ "$rest" != \`* || "$links" == "$rest" || -z "$sentence" ]]; then
    fault "not a row of a mistake, a sentence and tests: $line"
    continue
  fi
  while IFS= read -r file; do
    if [[ ! -f "$file" ]]; then
      fault "there is no $file, which is to try: $sentence"
    elif [[ "$file" == tests/static/* ]]; then
      echo "$file" >>"$work/tried"
      expected="$(sed -n '1s|^// expect: ||p' "$file")"
      [[ "$sentence" == *"$expected"* ]] || fault "$file expects '$expected', but its row says: $sentence"
      grep -qF -- "$sentence" "$work/library" || fault "the library does not say: $sentence"
    else
      strings "$file" >"$work/test"
      while IFS= read -r part; do
        [[ -z "$part" ]] || grep -qF -- "$part" "$work/test" || fault "$file does not try: $part"
      done < <(sed 's/…/\n/g' <<<"$sentence")
    fi
  done < <(grep -oE '\]\([^)]*\)' <<<"$links" | sed -E 's/^\]\(\.\.\/(.*)\)$/\1/')
done < <(grep '^| ' docs/messages.md | grep -v '^| the mistake ')

sort -u "$work/tried" >"$work/rows"
while IFS= read -r file; do
  fault "$file stands in no row of docs/messages.md"
done < <(ls tests/static/*.cpp | sort | comm -23 - "$work/rows")

printf '%d rows, %d faults\n' "$rows" "${#faults[@]}"
(( ${#faults[@]} == 0 )) || { printf '  %s\n' "${faults[@]}" >&2; exit 1; }
