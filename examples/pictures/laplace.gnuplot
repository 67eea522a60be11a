set title 'Lotka–Volterra fitted to pelts, with bands of two standard deviations by a Laplace approximation'
set xlabel 'year'; set ylabel 'pelts, in thousands'; set yrange [0:110]; set xrange [1899.5:1920.5]
set style fill transparent solid 0.18 noborder
plot 'laplace_curve.csv' using 1:3:4 with filledcurves lc rgb blue notitle, \
     'laplace_curve.csv' using 1:6:7 with filledcurves lc rgb orange notitle, \
     'laplace_curve.csv' using 1:2 with lines lw 2 lc rgb blue title 'hares, fitted', \
     'laplace_data.csv' using 1:2 with points pt 7 ps 0.8 lc rgb blue title 'hares', \
     'laplace_curve.csv' using 1:5 with lines lw 2 lc rgb orange title 'lynxes, fitted', \
     'laplace_data.csv' using 1:3 with points pt 5 ps 0.8 lc rgb orange title 'lynxes'
