set multiplot layout 1,2
set title 'four windows of a series, and what depth 1 sees of them'
set size ratio -1; set yrange [-0.25:0.3]; set xlabel 'x'; set ylabel 'y'; set key bottom right
plot 'log_ode_series.csv' using 2:3 with lines lw 0.7 lc rgb grey title 'observations', \
     '' every 50 using 2:3 with linespoints pt 7 lw 2 lc rgb orange title 'ends of windows'
set title 'training'
set size noratio; set autoscale; set xlabel 'epoch'; set ylabel 'cross-entropy'; set logscale y; set format y '10^{%T}'; set key bottom left
plot 'log_ode.csv' using 1:2 with lines lw 2 lc rgb orange title 'depth 1', \
     '' using 1:3 with lines lw 2 lc rgb blue title 'depth 2', \
     '' using 1:4 with lines lw 2 lc rgb green title 'depth 3'
unset multiplot
