#!/usr/bin/env bash
# Checks all sources here that must not compile, with one compiler: check.sh <compiler> <flags file> <include dir> <work dir>
#
# A case begins with "// expect: <sentence>". The first error that comes of it must carry that sentence and stand in a header
# of the library, and no other error may follow; "// errors: <n>" on the second line allows n in all, "// errors: any" any
# number. All that is printed of it, the compiler's count of errors apart, is 20 lines at most; "// lines: <n>" allows n, "// lines: any"
# any number. With ANTISTROPHE_TEST_REPAIRED defined it must compile: nothing else is wrong with it. A case whose line is
# "// flags: <flags>" is compiled by itself, with them, and is whole without them.
#
# All other cases are one translation unit, each in a namespace of its own, and every error is that of the case it names.
# What that leaves in doubt is judged once more by itself: the verdict of the case alone is the one that counts.
set -euo pipefail
compiler="$1" flags="$2" library="$3/antistrophe/" work="$4"
cases="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export LC_ALL=C CCACHE_DISABLE=1
mkdir -p "$work"

compile() {
  local options=(-fsyntax-only -fno-diagnostics-color -fmessage-length=0 -ftemplate-backtrace-limit=0)
  if "$compiler" --version | grep -q clang; then options+=(-ferror-limit=0); fi
  "$compiler" "${options[@]}" "@$flags" "$@" 2>&1 || true
}

# together <source>...: one translation unit; what the cases include stands before all of them.
together() {
  sed -n 's/^\(#include <.*>\)$/\1/p' "$@" | sort -u
  local source name
  for source in "$@"; do
    name="$(basename "$source" .cpp)"
    printf 'namespace case_%s {\n#include "%s"\n}\n' "$name" "$source"
  done
}

# errors_by_case: from a compiler's output to lines of "<case><tab><error><tab><number of lines that tell of it>", in their order; the
# case is "?" where none is named. GCC names it before the error ("required from here"), clang in the notes after it: by its file, or by
# the namespace of what is instantiated.
errors_by_case() {
  awk -v cases="$cases/" '
    function case_in(line,   at, rest) {
      at = index(line, cases)
      if (!at) return match(line, /case_[A-Za-z0-9_]+::/) ? substr(line, RSTART + 5, RLENGTH - 7) : ""
      rest = substr(line, at + length(cases))
      return match(rest, /^[A-Za-z0-9_]+\.cpp/) ? substr(rest, 1, RLENGTH - 4) : ""
    }
    function tell() {
      if (error != "") print (owner == "" ? "?" : owner) "\t" error "\t" lines
      error = ""
    }
    # What leads to the next error is told before it.
    /^In file included from |^ +from |: In |: +required (from|by)|: +\[ skipping|: +in .constexpr. expansion/ { ++leading; context = 1 }
    !context && !/^[0-9]+ errors? generated/ { ++lines }
    { context = 0 }
    /^[^ ].*: (fatal )?error: / {
      --lines
      tell()
      lines = leading + 1
      leading = 0
      error = $0
      where = $0
      sub(/ (fatal )?error: .*/, "", where)
      owner = case_in(where) != "" ? case_in(where) : before
      before = ""
      next
    }
    /^[^ ].*: (note|warning): / {
      if (error != "" && owner == "") owner = case_in($0)
      if ($0 ~ /: warning: /) tell()
      before = ""
      next
    }
    /^[^ ]/ || /^ +from / {
      if (before == "" || $0 ~ /required from here/) if (case_in($0) != "") before = case_in($0)
    }
    END { tell() }
  '
}

expected() { sed -n '1s|^// expect: ||p' "$1"; }
errors_allowed() { sed -n 's|^// errors: ||p' "$1" | head -n 1; }
lines_allowed() { sed -n 's|^// lines: ||p' "$1" | head -n 1; }
flags_of() { sed -n 's|^// flags: ||p' "$1" | head -n 1; }

# judge <source> <errors by case>: prints why the case fails, or nothing.
judge() {
  local source="$1" errors="$2" name sentence first count allowed lines longest
  name="$(basename "$source" .cpp)"
  sentence="$(expected "$source")"
  allowed="$(errors_allowed "$source")"
  longest="$(lines_allowed "$source")"
  [[ -n "$sentence" ]] || { echo "the first line must be '// expect: <sentence>'"; return; }
  first="$(awk -F '\t' -v name="$name" '$1 == name && !told++ { print $2 }' <<<"$errors")"
  count="$(awk -F '\t' -v name="$name" '$1 == name { ++n } END { print n + 0 }' <<<"$errors")"
  lines="$(awk -F '\t' -v name="$name" '$1 == name { n += $3 } END { print n + 0 }' <<<"$errors")"
  if (( count == 0 )); then
    echo "it compiles, but should be refused with: $sentence"
  elif [[ "$first" != *"$sentence"* ]]; then
    echo "the first error is: $first"
  elif [[ "$first" != "$library"* ]]; then
    echo "the first error should stand in a header of the library, but is: $first"
  elif [[ "$allowed" != any ]] && (( count != ${allowed:-1} )); then
    echo "$count errors are printed, not ${allowed:-1}:"
    awk -F '\t' -v name="$name" '$1 == name { print "    " $2 }' <<<"$errors"
  elif [[ "$longest" != any ]] && (( lines > ${longest:-20} )); then
    echo "$lines lines are printed, and ${longest:-20} are the most"
  fi
}

# alone <source> [<flag>...]: the errors by case of one case by itself.
alone() {
  compile "${@:2}" "$1" | errors_by_case | awk -F '\t' -v OFS='\t' -v name="$(basename "$1" .cpp)" '{ $1 = name; print }'
}

sources=() special=() failed=()
for source in "$cases"/*.cpp; do
  if [[ -n "$(flags_of "$source")" ]]; then special+=("$source"); else sources+=("$source"); fi
done
together "${sources[@]}" >"$work/refused.cpp"
together "${sources[@]}" ${special[@]+"${special[@]}"} >"$work/repaired.cpp"

errors="$(compile "$work/refused.cpp" | errors_by_case)"
repaired="$(compile -DANTISTROPHE_TEST_REPAIRED "$work/repaired.cpp" | errors_by_case)"
# Of those that should compile and together do not, the ones that are named are compiled alone, and all where none of these is to blame.
suspects="$(cut -f 1 <<<"$repaired" | sort -u)"
is_broken() { [[ -n "$(alone "$cases/$1.cpp" -DANTISTROPHE_TEST_REPAIRED)" ]]; }
blamed=""
for name in $suspects; do
  if [[ "$name" == "?" ]] || ! is_broken "$name"; then continue; fi
  blamed=yes
  break
done

for source in "${sources[@]}" ${special[@]+"${special[@]}"}; do
  name="$(basename "$source" .cpp)"
  given="$(flags_of "$source")"
  if [[ -n "$given" ]]; then
    read -ra given <<<"$given"
    why="$(judge "$source" "$(alone "$source" "${given[@]}")")"
  else
    why="$(judge "$source" "$errors")"
    [[ -z "$why" ]] || why="$(judge "$source" "$(alone "$source")")"
  fi
  if [[ -z "$why" && -n "$repaired" ]] && { [[ -z "$blamed" ]] || grep -qxF "$name" <<<"$suspects"; }; then
    still="$(alone "$source" -DANTISTROPHE_TEST_REPAIRED)"
    [[ -z "$still" ]] || why="it should compile with ANTISTROPHE_TEST_REPAIRED, but does not: $still"
  fi
  if [[ -z "$why" ]]; then
    printf 'refused  %-42s %s\n' "$name" "$(expected "$source")"
  else
    printf 'FAILED   %-42s expected: %s\n  %s\n' "$name" "$(expected "$source")" "$why"
    failed+=("$name")
  fi
done
printf '%d of %d cases are as they should be\n' "$((${#sources[@]} + ${#special[@]} - ${#failed[@]}))" \
  "$((${#sources[@]} + ${#special[@]}))"
(( ${#failed[@]} == 0 )) || { printf 'failed: %s\n' "${failed[*]}" >&2; exit 1; }
