set multiplot layout 1,2
set style data histogram; set style fill solid 0.8; set boxwidth 0.8; unset key
set xtics ('direct' 0, 'backsolve' 1, 'seminorm' 2, 'Gauss-Legendre' 3, 'pair' 4, 'Adams' 5, 'Heun' 6) rotate by -35
set ylabel 'ms a gradient, the wide network'; set yrange [0:*]
set title 'equal times'
plot 'sines_equal.csv' using 6 lc rgb blue
set title 'random times'
plot 'sines_random.csv' using 6 lc rgb orange
unset multiplot
