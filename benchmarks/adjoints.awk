# The tables of docs/adjoints.md, of what benchmark_adjoints --benchmark_format=csv prints: for every adjoint, on every workload, the time of a
# gradient in times of the solution alone; the heap in kB; the error. Then evaluations of f; vjps. `script/bench --adjoints` calls it.
# Ends with an error where what it reads is not of that form.

function fail(what) {
  print "benchmarks/adjoints.awk: " what > "/dev/stderr"
  failed = 1
  exit 1
}
# A name has commas of its own, and is quoted: columns are counted from what comes after it.
function value(column) {
  if (!(column in place_of)) fail("the output has no column " column)
  return field[place_of[column] - 1]
}
function number(column, format,   text) {
  text = value(column)
  if (text !~ /^[0-9.]+(e[-+]?[0-9]+)?$/) fail(column " of " name " is no number: " text)
  return sprintf(format, text)
}
# 12,345 and 1.2e-7
function grouped(n,   text) {
  text = n
  while (match(text, /[0-9][0-9][0-9][0-9](,|$)/)) text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
  return text
}
function short(exponential) {
  sub(/e-0/, "e-", exponential)
  return exponential
}
function table(cells,   i, k, line) {
  line = "| |"
  for (i = 1; i <= workloads; ++i) line = line " " workload_of[i] " |"
  print line
  line = "|---|"
  for (i = 1; i <= workloads; ++i) line = line "---|"
  print line
  for (k = 1; k <= adjoints; ++k) {
    line = "| " adjoint_of[k] " |"
    for (i = 1; i <= workloads; ++i) line = line " " (((adjoint_of[k], workload_of[i]) in cells) ? cells[adjoint_of[k], workload_of[i]] " |" : "|")
    print line
  }
}

BEGIN {
  title["LotkaVolterra"] = "Lotka–Volterra"
  title["NeuralField"] = "neural field"
}
/^name,/ {
  columns = split($0, header, ",")
  for (i = 2; i <= columns; ++i) {
    gsub(/"/, "", header[i])
    place_of[header[i]] = i
  }
}
# "gradient<Workload, Adjoint[, Method]>/<steps>",…: the method is the workload's own where it is not told.
/^"gradient</ {
  name = $0
  sub(/^"gradient</, "", name)
  sub(/".*/, "", name)
  rest = $0
  sub(/^"[^"]*",/, "", rest)
  split(rest, field, ",")
  steps = name
  sub(/.*>\//, "", steps)
  sub(/>\/[0-9]*$/, "", name)
  workload = name
  sub(/,.*/, "", workload)
  adjoint = name
  sub(/^[^,]*, */, "", adjoint)
  method = ""
  if (adjoint ~ /, *(typename )?Reversible<.*::Base>$/) method = ", the pair"
  else if (adjoint ~ /, /) method = ", `" substr(adjoint, index(adjoint, ", ") + 2) "`"
  sub(/, .*/, "", adjoint)
  sub(/<>$/, "", adjoint)
  adjoint = "`" adjoint "`" method
  if (workload in title) workload = title[workload]
  if (steps > 0) workload = workload ", " grouped(steps) " steps"

  if (!(workload in seen)) workload_of[++workloads] = workload
  if (!(adjoint in seen)) adjoint_of[++adjoints] = adjoint
  seen[workload] = seen[adjoint] = 1
  chosen = value("label")
  gsub(/"/, "", chosen)
  heap = number("heap_kB", "%.3f") + 0
  figures[adjoint, workload] = (chosen == "" ? "" : chosen ": ") number("forward", "%.1f") "; " (heap < 10 ? sprintf("%.1f", heap) : grouped(sprintf("%.0f", heap))) "; " short(number("error", "%.1e"))
  counts[adjoint, workload] = grouped(number("evaluations", "%d")) "; " grouped(number("vjps", "%d"))
}
END {
  if (failed) exit 1
  if (adjoints == 0) fail("nothing to make a table of")
  table(figures)
  print ""
  table(counts)
}
