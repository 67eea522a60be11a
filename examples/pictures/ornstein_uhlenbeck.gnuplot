set multiplot layout 1,2
set title 'mean and deviation of new paths from one start'
set xlabel 't'; set key top left
plot 'ornstein_uhlenbeck.csv' using ($1==1?$2:NaN):($5-$6):($5+$6) with filledcurves lc rgb '#dddddd' title 'exact', \
     '' using ($1==1?$2:NaN):5 with lines lw 2 lc rgb grey title '', \
     '' using ($1==2?$2:NaN):3:4 with yerrorbars pt 7 lc rgb orange title 'smooth noise, Gauss-Legendre', \
     '' using ($1==4?$2+0.12:NaN):3:4 with yerrorbars pt 7 lc rgb green title 'stochastic, ReversibleHeun'
set title 'training'
set xlabel 'epoch'; set ylabel 'divergence'; set logscale y; set key top right
plot for [w=1:5] 'ornstein_uhlenbeck_training.csv' using ($1==w?$2:NaN):3 with lines lw 2 title word('backsolve Gauss-Legendre Adams Heun pair', w)
unset multiplot
