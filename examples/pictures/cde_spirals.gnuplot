set multiplot layout 1,2
set title 'two spirals, half of each coordinate dropped'
set size ratio -1; set yrange [-0.8:1.4]; set xlabel 'x'; set ylabel 'y'
plot 'cde_spirals_clockwise.csv' using 1:2 with lines lw 1.5 lc rgb orange title 'clockwise', \
     'cde_spirals_clockwise_seen.csv' using 1:2 with points pt 7 ps 0.4 lc rgb orange title '', \
     'cde_spirals_anticlockwise.csv' using 1:2 with lines lw 1.5 lc rgb blue title 'anticlockwise', \
     'cde_spirals_anticlockwise_seen.csv' using 1:2 with points pt 7 ps 0.4 lc rgb blue title ''
set title 'training'
set size noratio; set autoscale; set xlabel 'epoch'; set ylabel 'cross-entropy'; set logscale y; set format y '10^{%T}'
plot 'cde_spirals.csv' using 1:2 with lines lw 2 lc rgb green title 'all observed', \
     '' using 1:3 with lines lw 2 dt 2 lc rgb green title 'half dropped'
unset multiplot
