set title 'A pendulum swung up by a weak torque'
set xlabel 't'; set ylabel 'angle / π'; set y2label 'torque'; set y2tics; set y2range [-1:1]; set yrange [-1:1.2]
set key top left
plot 'swing_up.csv' using 1:($2/pi) with lines lw 2 lc rgb blue title 'angle', \
     '' using 1:3 axes x1y2 with steps lw 1.5 lc rgb orange title 'torque'
