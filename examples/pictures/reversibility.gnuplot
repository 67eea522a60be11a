set multiplot layout 1,3
set title 'the path, exact, h = 0.01'
set xlabel 'x'; set ylabel 'z'
plot 'path.csv' using 1:2 with lines lw 0.6 lc rgb blue notitle
set title 'forth, h = 0.01: distance from the path'
set xlabel 't'; set ylabel ''; set logscale y; set format y '10^{%T}'; set xrange [0:1.6]; set yrange [1e-12:1e5]
set ytics 1e3; set mytics 1; set key bottom right
plot 'forth.csv' using 1:2 with lines lw 2 lc rgb orange title 'λ = 0.999, floating', \
     'forth.csv' using 1:3 with lines lw 2 lc rgb blue title 'λ = 1/2, exact'
set title 'there and back, h = 5·10^{−5}: what is lost'
set xlabel 'steps'; set xrange [0:32000]; set yrange [1e-18:1e5]; set xtics 10000; set key bottom right at graph 0.99,0.07
set ytics add ('0' 1e-18)
plot 'back.csv' using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc rgb orange title 'λ = 0.999, floating', \
     '' using 1:4 with lines dt 2 lc rgb grey title 'λ^{−n} ε', \
     '' using 1:($3 == 0 ? 1e-18 : $3) with linespoints lw 2 pt 7 ps 0.6 lc rgb blue title 'λ = 1/2, exact'
unset multiplot
