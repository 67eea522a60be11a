# One panel an order, one curve a lambda: colour for its modulus, dashes where it is negative. With a corrector 1/8 stands for 3/4.
if (name eq 'adams_stability') {
  widths  = '4 1.8 1 0.56 0.3 0.16 0.09 0.06'
  heights = '2.6 1.2 0.9 0.5 0.26 0.13 0.066 0.034'
  tics    = '1 0.5 0.25 0.1 0.1 0.05 0.03 0.02'
  large   = '0.75'
} else {
  widths  = '2.8 2.6 2 1.5 1.2 0.95 0.65 0.5'
  heights = '3.6 1.9 1.7 1.25 0.85 0.65 0.45 0.32'
  tics    = '1 1 0.5 0.5 0.3 0.3 0.2 0.1'
  large   = '0.125'
}
array lambda[8] = ['0', '0.25', '0.5', large, '0.9375', '-0.25', '-0.5', '-'.large]
array colour[8] = [0x000000, blue, green, orange, 0xcc79a7, blue, green, orange]
set multiplot layout 2,4 margins 0.05,0.99,0.08,0.93 spacing 0.05,0.13
set key top left reverse Left samplen 2 maxrows 3 font ',10' width 1
do for [K=1:8] {
  set title sprintf('K = %d', K) offset 0,-0.7
  set xrange [-real(word(widths, K)):0]; set yrange [0:real(word(heights, K))]
  set xtics real(word(tics, K)); set ytics autofreq
  plot for [c=1:8] sprintf('%s_%d.csv', name, K) using (column(1) == real(lambda[c]) ? column(2) : NaN):3 \
    with lines lw (c == 1 ? 2 : 1.5) dt 1+(c > 5) lc rgb colour[c] title (c == 1 ? 'λ = 0' : lambda[c])
  unset key
}
unset multiplot
