set multiplot layout 1,2
set title 'training by exact gradients'
set xlabel 'epoch'; set ylabel 'mean square error'; set logscale y; unset key
plot 'acrobot_training.csv' using 1:2 with lines lw 2 lc rgb green
set title 'evaluations that the seminorm spares'
set xlabel 'rtol'; set ylabel 'per cent'; unset logscale y; set logscale x; set xrange [2e-4:5e-8]; set yrange [0:50]; set format x '10^{%T}'; set key top right
plot for [k=0:2] 'acrobot.csv' using ($1==k?$2:NaN):(100*(1-$6/$5)) with linespoints pt 7 lw 2 title word('untrained trained last-state-alone', k+1)
unset multiplot
