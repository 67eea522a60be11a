set title "Hudson's Bay Company, 1900 to 1920: pelts and the fitted Lotka–Volterra equations"
set xlabel 'year'; set ylabel 'pelts, in thousands'; set yrange [0:90]; set xrange [1899.5:1920.5]
plot 'lynx_hare_curve.csv' using 1:2 with lines lw 2 lc rgb blue title 'hares, fitted', \
     'lynx_hare.csv' using 1:2 with points pt 7 ps 0.8 lc rgb blue title 'hares', \
     'lynx_hare_curve.csv' using 1:3 with lines lw 2 lc rgb orange title 'lynxes, fitted', \
     'lynx_hare.csv' using 1:3 with points pt 5 ps 0.8 lc rgb orange title 'lynxes'
