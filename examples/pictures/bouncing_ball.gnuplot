set title 'A bouncing ball, seen in eighty frames'
set xlabel 't, in s'; set ylabel 'height, in m'; set yrange [0:*]; set xrange [0:2.7]
plot 'bouncing_ball_guess.csv' using 1:2 with lines lw 1.5 dt 2 lc rgb grey title 'first guess', \
     'bouncing_ball_fit.csv' using 1:2 with lines lw 2 lc rgb blue title 'fitted', \
     'bouncing_ball.csv' using 1:2 with points pt 7 ps 0.5 lc rgb orange title 'frames'
