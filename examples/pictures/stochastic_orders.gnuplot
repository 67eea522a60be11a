set title 'Strong errors of 2000 paths, against the length of a step'
set logscale x 2; set logscale y 10; set format x '2^{%L}'; set format y '10^{%T}'
set xlabel 'h'; set key outside right Left reverse samplen 2; set yrange [2e-5:1]
plot 'stochastic_orders.csv' using 1:2 with linespoints pt 7 lc rgb orange title 'EulerMaruyama, one channel', \
     '' using 1:10 with linespoints pt 6 lc rgb orange title 'ReversibleHeun, two that do not commute', \
     '' using 1:3 with linespoints pt 5 lc rgb green title 'Milstein, one channel', \
     '' using 1:4 with linespoints pt 7 lc rgb blue title 'Reversible<Midpoint>, one channel', \
     '' using 1:5 with linespoints pt 6 lc rgb blue title 'TwoPoint<Heun>, one channel', \
     '' using 1:6 with linespoints pt 5 lc rgb blue title 'ReversibleHeun, one channel', \
     '' using 1:8 with linespoints pt 4 lc rgb blue title 'Reversible<Midpoint>, additive', \
     '' using 1:9 with linespoints pt 7 lc rgb green title 'SRA1, additive', \
     1.3*x**0.5 with lines dashtype 2 lc rgb grey title 'slopes ½, 1 and 3/2', 0.22*x with lines dashtype 2 lc rgb grey notitle, \
     0.1*x**1.5 with lines dashtype 2 lc rgb grey notitle
