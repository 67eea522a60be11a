#!/usr/bin/env bash
# Runs a program on 1, 2, 3 and 4 ranks; each number must print the same: check.sh <program> <mpiexec> <its flag for numbers>
set -euo pipefail
program="$1" launcher="$2" flag="$3"
# Of Open MPI, what it asks for on a small machine and of a container's root; others do not look at these.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl=self,vader OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_plm=isolated

first="$("$launcher" "$flag" 1 "$program")"
[[ -n "$first" ]] || { echo "one rank prints nothing"; exit 1; }
echo "$first"
for ranks in 2 3 4; do
  said="$("$launcher" "$flag" "$ranks" "$program")"
  if [[ "$said" != "$first" ]]; then
    echo "$ranks ranks say something else:"
    echo "$said"
    exit 1
  fi
done
echo "The same on 2, 3 and 4 ranks."
