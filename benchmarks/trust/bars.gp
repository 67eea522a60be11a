# Bars against true errors: gnuplot -e "table='bars.csv'; picture='error_bars.svg'" bars.gp, the table that of
# script/trust --bars 0 --table bars.csv.
set terminal svg size 720,480 font 'sans-serif,13' background 'white'
set output picture
set datafile separator ','
set logscale xy
set format xy '10^{%L}'
set xrange [1e-14:1e2]
set yrange [1e-14:1e2]
set xlabel 'true error of value and gradient, over 1 + |g|'
set ylabel 'the widest error bar, over 1 + |g|'
set key left top reverse Left
set grid
of(name) = sprintf("< grep ',\"%s\",.*,default,success' %s", name, table)
plot x with lines lc rgb '#888888' title 'equal', x/2 with lines dt 2 lc rgb '#bbbbbb' title 'half and twice', \
     2*x with lines dt 2 lc rgb '#bbbbbb' notitle, \
     of('Dopri5') using 7:6 with points pt 7 ps 0.35 title 'Dopri5', \
     of('pair Dop853') using 7:6 with points pt 5 ps 0.35 title 'Reversible<Dop853>', \
     of('two points Dopri5') using 7:6 with points pt 9 ps 0.4 title 'TwoPoint<Dopri5>', \
     of('Adams 4') using 7:6 with points pt 13 ps 0.4 title 'ReversibleAdams<4>'
