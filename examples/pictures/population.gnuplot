set title 'Two hundred of two thousand patients, and what they share'
set xlabel 'hours after the dose'; set ylabel 'blood, in mg/l a mg of dose'; set yrange [0:*]
plot 'population.csv' using 1:2 with points pt 7 ps 0.3 lc rgb orange title 'seen', \
     'population_fit.csv' using 1:2 with lines lw 2 lc rgb blue title 'fitted'
