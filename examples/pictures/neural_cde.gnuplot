set multiplot layout 1,2
set title 'training by exact gradients'
set xlabel 'epoch'; set ylabel 'cross-entropy'; set logscale y; unset key
plot 'neural_cde_training.csv' using 1:2 with linespoints pt 7 ps 0.5 lw 2 lc rgb green
set title 'evaluations of three gradients, on the way back'
set xlabel 'rtol'; unset ylabel; set logscale x; set yrange [300:3e6]; set xrange [2e-3:5e-6]; set format x '10^{%T}'; set key top left
plot 'neural_cde.csv' using ($1==1?$2:NaN):5 with linespoints pt 7 lw 2 lc rgb orange title 'relu, full norm', \
     '' using ($1==1?$2:NaN):6 with linespoints pt 6 lw 2 dt 2 lc rgb orange title 'relu, seminorm', \
     '' using ($1==1?$2:NaN):4 with linespoints pt 5 lw 2 lc rgb green title 'relu, reversible', \
     '' using ($1==0?$2:NaN):5 with linespoints pt 7 lw 2 lc rgb blue title 'tanh, full norm', \
     '' using ($1==0?$2:NaN):6 with linespoints pt 6 lw 2 dt 2 lc rgb blue title 'tanh, seminorm'
unset multiplot
