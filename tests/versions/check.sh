#!/usr/bin/env bash
# Compiles programs with a compiler or an Eigen that is not the build's, our warnings as errors, and runs them:
#   check.sh <c++> <version of Eigen | @file of the build's flags> <folder for what is compiled> [-D<definition>] <source>... [<library>...]
# A source tests/<folder>/*_test.cpp is a program of Catch2. An Eigen is that of script/fetch_eigen; ends with 77 and a sentence
# where it cannot be had.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
compiler="$1" eigen="$2" work="$3"
shift 3

sources=() libraries=()
flags=(-O0 -UNDEBUG -DEIGEN_RUNTIME_NO_MALLOC)
flags+=(-Werror -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wextra-semi)
for argument in "$@"; do
  case "$argument" in
    -D*) flags+=("$argument") ;;
    *.cpp) sources+=("$argument") ;;
    *) libraries+=("$argument") ;;
  esac
done
if [[ "$eigen" == @* ]]; then
  flags+=("$eigen")
  what="the build's Eigen"
else
  what="Eigen $eigen"
  folder="$("$root/script/fetch_eigen" "$eigen")" || exit $?
  flags+=(-std=c++20 -I "$root/include" -isystem "$folder")
  # It is to be this Eigen, whatever else lies in the compiler's path. Before 5, 3 was the world's number: 3.4.1 is major 4, minor 1.
  wanted="${eigen#3.}"
  found="$(echo '#include <Eigen/Core>' | "$compiler" "${flags[@]}" -x c++ -E -dM - |
    awk '/define EIGEN_(MAJOR|MINOR|PATCH)_VERSION/ { print $3 }' | xargs | tr ' ' .)"
  [[ "$found" == "$wanted"* ]] || { echo "$what was asked for, and an Eigen $found is compiled"; exit 1; }
fi
# An Eigen may come without its unsupported headers: automatic_vjp is not to be had then, and says so.
if [[ -n "${folder:-}" && ! -e "$folder/unsupported/Eigen/AutoDiff" ]]; then
  told="$(echo '#include <antistrophe/field/automatic_vjp.hpp>' | "$compiler" "${flags[@]}" -x c++ -E - 2>&1 >/dev/null)" &&
    { echo "automatic_vjp was to be refused without <unsupported/Eigen/AutoDiff>"; exit 1; }
  [[ "$told" == *"need Eigen's <unsupported/Eigen/AutoDiff>"* ]] || { echo "$told"; exit 1; }
fi
launcher=()
if command -v ccache >/dev/null; then launcher=(ccache); fi

mkdir -p "$work"
for source in "${sources[@]}"; do
  name="$(basename "$source" .cpp)"
  test=() main=()
  if [[ "$source" == *_test.cpp ]]; then
    test=(-I "$root/tests" -I "$root/tests/support")
    if echo '#include <catch2/catch_version_macros.hpp>' | "$compiler" -x c++ -E - >/dev/null 2>&1; then
      main=(-lCatch2Main -lCatch2)  # 3.x
    else
      test+=(-DCATCH_CONFIG_MAIN)
    fi
  fi
  ${launcher[@]+"${launcher[@]}"} "$compiler" "${flags[@]}" ${test[@]+"${test[@]}"} -c "$root/$source" -o "$work/$name.o"
  "$compiler" "$work/$name.o" ${main[@]+"${main[@]}"} ${libraries[@]+"${libraries[@]}"} -o "$work/$name"
  "$work/$name" >"$work/$name.txt" || { cat "$work/$name.txt"; echo "$source fails"; exit 1; }
  echo "$source: $(basename "$compiler") $("$compiler" -dumpversion) compiled it with $what, and it ran"
done
