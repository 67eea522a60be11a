set multiplot layout 2,1
set ylabel 'position'; set key top left
plot 'forcing_seen.csv' using 1:2 with points pt 7 ps 0.4 lc rgb orange title 'seen', \
     'forcing.csv' using 1:2 with lines lw 1.5 lc rgb blue title 'fitted'
set xlabel 't'; set ylabel 'force'
plot 'forcing.csv' using 1:4 with lines lw 1.5 dt 2 lc rgb grey title 'the truth', \
     '' using 1:3 with lines lw 2 lc rgb blue title 'identified'
unset multiplot
