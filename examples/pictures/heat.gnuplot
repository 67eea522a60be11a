set multiplot layout 1,2
set title 'u, at t = 0, 0.1, …, 1'
set xlabel 'x'; set key off
plot for [k=0:10] 'heat.csv' using ($1==k?$2:NaN):3 with lines lw 1.5 lc rgb blue
set title 'what inner points of the start are to the mean at the end'
plot 'heat.csv' using ($1==0 && abs($2)<0.99?$2:NaN):4 with lines lw 2 lc rgb green
unset multiplot
