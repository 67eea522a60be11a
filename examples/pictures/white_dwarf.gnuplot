set multiplot layout 1,2
set title 'the star, and what the network makes of it'
set xlabel 't'; set xtics 1
plot 'white_dwarf.csv' every 40 using 1:2 with points pt 7 ps 0.6 lc rgb blue title 'y_1', \
     '' every 10 using 1:4 with lines lw 2 lc rgb blue title 'y_1, learnt', \
     '' every 40 using 1:3 with points pt 5 ps 0.6 lc rgb orange title 'y_2', \
     '' every 10 using 1:5 with lines lw 2 lc rgb orange title 'y_2, learnt'
set title 'training'
set xlabel 'iteration'; set xtics 250; set ylabel 'mean square error'; set logscale y; set mytics 1; set format y '10^{%T}'; unset key
plot 'white_dwarf_training.csv' using 1:2 with lines lw 2 lc rgb green
unset multiplot
